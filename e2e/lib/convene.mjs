// A session of two provinces with all that an office may prepare, made over the API as an office does.
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const PROVINCES = [
  ["P58", "Tỉnh Ninh Thuận", ["Phường Đô Vinh", "Phường Phước Mỹ", "Xã Vĩnh Hải", "Xã Công Hải"]],
  ["P67", "Tỉnh Đắk Nông", ["Xã Quảng Khê", "Xã Đắk Som"]],
];

/** Convenes P58, P67 and their communes P58C1 … for now. */
export async function convene(server, more = {}) {
  const rows = ["code,parent_code,level,name", "TW,,central,Trung ương"];
  for (const [code, name, communes] of PROVINCES) {
    rows.push(
      `${code},TW,province,${name}`,
      ...communes.map((commune, i) => `${code}C${i + 1},${code},commune,${commune}`),
    );
  }
  const roster = join(server.dir, "roster.csv");
  writeFileSync(roster, rows.join("\n") + "\n");
  await server.cli("roster", "import", roster);
  const token = (await server.cli("admin", "token")).trim();
  const body = { title: "Phiên họp Ban Chỉ đạo", units: "P58/*,P67/*", start: "now", ...more };
  const response = await fetch(`${server.url}/api/v1/sessions`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return response.json();
}
