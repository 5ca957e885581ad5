// Requests as a server's spans tell them, with nothing below them: what remains is the cost of keeping them.
import { SpanKind } from '@opentelemetry/api';
import { TracerProvider } from '@sonde/core';

const ROUTES = Array.from({ length: 20 }, (_, i) => `/shop/${i}/orders/:id`);

/**
 * @param {'idle' | 'busy'} setup whether 1,000 other requests run meanwhile
 * @param {object} processor the one that the provider has
 */
export function requestWorks(setup, processor) {
  const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('bench');
  if (setup === 'busy') for (let i = 0; i < 1_000; i++) tracer.startSpan('running');
  let clock = 0;
  return {
    job(times) {
      for (let i = 0; i < times; i++) tracer.startSpan('job').end();
    },
    request(times) {
      for (let i = 0; i < times; i++) {
        const route = ROUTES[clock++ % ROUTES.length];
        const span = tracer.startSpan(`GET ${route}`, {
          kind: SpanKind.SERVER,
          attributes: {
            'http.request.method': 'GET',
            'url.path': '/shop/7/orders/42',
            'url.scheme': 'http',
            'server.address': 'localhost',
            'server.port': 8080,
            'http.route': route,
          },
        });
        span.setAttribute('http.response.status_code', 200);
        span.end();
      }
    },
  };
}
