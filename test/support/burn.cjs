// Hot code that the test runner does not transform: its lines are those of this file.
function addUp() {
  let sum = 0;
  for (let i = 0; i < 200_000; i++) sum += Math.sqrt(i); // hot
  return sum;
}

exports.burn = function burn() {
  const until = performance.now() + 15;
  while (performance.now() < until) addUp();
};
