// Spans through the OpenTelemetry API, as a program makes them.

/**
 * @param api the subject's copy of @opentelemetry/api, with its provider and context manager registered
 */
export function spanWorks({ ROOT_CONTEXT, SpanStatusCode, trace }) {
  const tracer = trace.getTracer('bench');
  const parentContext = trace.setSpan(ROOT_CONTEXT, tracer.startSpan('parent'));
  const error = exception();
  return {
    root(times) {
      for (let i = 0; i < times; i++) tracer.startSpan('span').end();
    },
    attributes(times) {
      for (let i = 0; i < times; i++) {
        const span = tracer.startSpan('span');
        span.setAttribute('a.text', 'text');
        span.setAttribute('a.number', i);
        span.setAttribute('a.flag', true);
        span.setAttribute('b.text', 'more');
        span.setAttribute('b.number', 1.5);
        span.end();
      }
    },
    full(times) {
      for (let i = 0; i < times; i++) {
        const span = tracer.startSpan('span');
        span.setAttribute('a.text', 'text');
        span.setAttribute('a.number', i);
        span.setAttribute('a.flag', true);
        span.setAttribute('b.text', 'more');
        span.setAttribute('b.number', 1.5);
        span.addEvent('asked');
        span.addEvent('answered', { 'answer.size': 3 });
        span.recordException(error);
        span.setStatus({ code: SpanStatusCode.ERROR, message: 'it failed' });
        span.end();
      }
    },
    child(times) {
      for (let i = 0; i < times; i++) tracer.startSpan('span', {}, parentContext).end();
    },
    async nested(times) {
      for (let i = 0; i < times; i++) {
        await tracer.startActiveSpan('parent', async (parent) => {
          for (let child = 0; child < 3; child++) await tracer.startActiveSpan('child', leaf);
          parent.end();
        });
      }
    },
    async bare(times) {
      for (let i = 0; i < times; i++) {
        await untraced('parent', async (parent) => {
          for (let child = 0; child < 3; child++) await untraced('child', leaf);
          parent.end();
        });
      }
    },
  };
}

async function leaf(span) {
  await null;
  span.end();
}

const noSpan = { end() {} };
const untraced = (_name, fn) => fn(noSpan);

/** Its stack is made already, so that nobody pays for that. */
export function exception() {
  const error = new RangeError('no such order');
  void error.stack;
  return error;
}
