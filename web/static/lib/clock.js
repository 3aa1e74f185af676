// A clock that runs on evenly whatever is done to the computer's own. It stands still while some computers sleep, so whoever
// needs the server's time corrects it by what the server says.

/** @returns {number} ms */
export const steady = () => performance.timeOrigin + performance.now();
