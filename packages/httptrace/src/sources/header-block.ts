/** A header block is the text of an HTTP/1 request up to its body: request line, fields, empty line. */

/** Each of its fields, in the order on the wire. */
export function eachField(block: string, call: (name: string, value: string) => void): void {
  let start = block.indexOf('\r\n') + 2;
  for (let end = block.indexOf('\r\n', start); end > start; end = block.indexOf('\r\n', start)) {
    const colon = block.indexOf(':', start);
    if (colon > start && colon < end) call(block.slice(start, colon), block.slice(colon + 1, end).trim());
    start = end + 2;
  }
}

/** The block with one field set, in the place of any of that name; `undefined` if it cannot be. */
export function withHeader(block: string, name: string, value: string): string | undefined {
  if (!block.endsWith('\r\n\r\n') || /[\r\n]/.test(name + value)) return undefined;
  const [requestLine, ...lines] = block.slice(0, -4).split('\r\n');
  const prefix = `${name.toLowerCase()}:`;
  const others = lines.filter((line) => !line.toLowerCase().startsWith(prefix));
  return [requestLine, ...others, `${name}: ${value}`, '', ''].join('\r\n');
}

/** RFC 9110, section 10.1.1. */
export function expectsContinue(block: string): boolean {
  // Hardly any does: a look for what is the same in upper and lower case costs a tenth of the pattern.
  return block.includes('100-') && /\r\nexpect:[ \t]*100-continue/i.test(block);
}
