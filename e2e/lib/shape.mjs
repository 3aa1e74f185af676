import { execFileSync } from "node:child_process";

/** Limits what a namespace's site is sent, by a token bucket on the server's side of its link. */
export function shape(netns, rate) {
  execFileSync("tc", [
    "qdisc",
    "replace",
    "dev",
    netns.link,
    "root",
    "tbf",
    "rate",
    rate,
    "burst",
    "16kb",
    "latency",
    "150ms",
  ]);
}

/** Takes the limit away. */
export function unshape(netns) {
  execFileSync("tc", ["qdisc", "replace", "dev", netns.link, "root", "pfifo"]);
}
