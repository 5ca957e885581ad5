/** What `read` answers, or `fallback` where it throws: for values that come from anybody. */
export function safely<T, F>(read: () => T, fallback: F): T | F {
  try {
    return read();
  } catch {
    return fallback;
  }
}
