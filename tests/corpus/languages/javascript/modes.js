const [mode, first, second] = require("fs").readFileSync(0, "utf8").split(/\s+/);
const a = BigInt(first), b = BigInt(second);
let spin = 1;
while (mode === "endless") spin ^= 7;
const kept = [];
while (mode === "hog") kept.push(new Array(1000).fill(0).map((_, key) => ({ key })));
if (mode === "crash") throw new Error("crash");
console.log(String(mode === "wrong" ? a - b : a + b));
