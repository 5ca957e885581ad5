/** A header block is the text of an HTTP/1 request up to its body: request line, fields, empty line. */

/** Its fields in the order on the wire. */
export function fieldsOf(block: string): [name: string, value: string][] {
  const [, ...lines] = block.split('\r\n');
  const fields: [string, string][] = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.push([line.slice(0, colon), line.slice(colon + 1).trim()]);
  }
  return fields;
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
  return /\r\nexpect:[ \t]*100-continue/i.test(block);
}
