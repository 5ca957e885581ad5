// Ends after some turns of the event loop, without a span.
let turns = 20;
const turn = () => (turns-- > 0 ? setImmediate(turn) : process.exit());
turn();
