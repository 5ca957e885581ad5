/** What a browser's or a proxy's request has, and the header that tracers read. */
export const REQUEST = Buffer.from(
  [
    'GET /orders/7?page=2 HTTP/1.1',
    'Host: localhost:8080',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) bench/1.0',
    'Accept: */*',
    'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    '\r\n',
  ].join('\r\n'),
);
