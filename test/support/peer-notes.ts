/**
 * Each process reads the wall clock when it starts, and on a busy machine one was seen to be 1.79 ms ahead of two others: the
 * page corrects that and says so, as it should. Nothing more than what Node leaves open is let pass.
 */
const OF_CLOCKS = /^The clock of \w+ is (?:\d+ µs|[1-4]\.\d\d ms) (?:ahead|behind);/;

/** What a trace tells of the processes that it went through, but for clocks that differ by less than 5 ms. */
export function sentencesOf(trace: { readonly notes: readonly { readonly sentence: string }[] }): string[] {
  return trace.notes.map(({ sentence }) => sentence).filter((sentence) => !OF_CLOCKS.test(sentence));
}
