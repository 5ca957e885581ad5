/** Keeps the last so many things; `size` is a power of two. */
export function ring(size) {
  const kept = new Array(size).fill(undefined);
  let at = 0;
  return (thing) => {
    kept[at++ & (size - 1)] = thing;
  };
}
