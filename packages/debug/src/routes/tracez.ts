import type { Steps } from '../slices.ts';
import { LATENCY_BANDS, type TracezBucket, tracezCounts, tracezSamples } from '../zpages/tracez.ts';
import { answerForeign, answerJson } from './answer.ts';
import { tracezPlace } from './places.ts';
import type { Asked, PageResponse, PageRoute, PageSource } from './route.ts';

/** OpenTelemetry's zPages for programs, at the paths that the specification gives them. JSON and nothing else. */
export const tracezRoutes: readonly PageRoute[] = [
  jsonRoute('aggregations', function* (_, { store }) {
    return answerForeign('json', yield* tracezCounts(store));
  }),
  ...LATENCY_BANDS.map((_, band) => samplesRoute(`latency/${band}`, band)),
  samplesRoute('running', 'running'),
  samplesRoute('error', 'error'),
];

function jsonRoute(
  path: string,
  answer: (asked: Asked, source: PageSource) => Steps<PageResponse>,
): PageRoute {
  return { ...tracezPlace(path), answer };
}

/** The last part of the path is the name of a span, percent-encoded. */
function samplesRoute(path: string, bucket: TracezBucket): PageRoute {
  return jsonRoute(`${path}/*`, function* ({ id }, source) {
    const name = decoded(id);
    if (name === undefined) {
      const error = 'The name of the span is not percent-encoded UTF-8, as encodeURIComponent makes it.';
      return answerJson(source, { error }, 400);
    }
    return answerForeign('json', yield* tracezSamples(source.store, name, bucket));
  });
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
