/** `server.address` and `server.port`. */
export interface ServerAddress {
  /** IPv6 without brackets. */
  readonly address: string | undefined;
  /** Absent where the default of the scheme is meant: behind a proxy, its scheme is not known. */
  readonly port: number | undefined;
}

/** A Host header, or an authority of any other source, taken apart; what is malformed is nobody's address. */
export function serverAddressOf(authority: string | undefined): ServerAddress {
  const match = /^(\[[^\]]*\]|[^:\s]*)(?::(\d{1,5}))?$/.exec(authority ?? '');
  const name = match?.[1] ?? '';
  return {
    address: name === '' ? undefined : name.replace(/^\[(.*)\]$/, '$1'),
    port: name === '' || match?.[2] === undefined ? undefined : Number(match[2]),
  };
}

/** The authority of a request target in absolute form, which counts more than the Host header (RFC 9112, 3.2.2). */
export function authorityOf(target: string): string | undefined {
  return /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#]*)/i.exec(target)?.[1];
}
