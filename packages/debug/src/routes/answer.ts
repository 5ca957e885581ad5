import { jsonInSteps } from '../forms/json-in-steps.ts';
import type { Html } from '../pages/html.ts';
import { noticePage } from '../pages/index-page.ts';
import { layout } from '../pages/layout.ts';
import { visible } from '../pages/text.ts';
import type { Steps } from '../slices.ts';
import { isoTime } from '../view/summary.ts';
import { FORMS, type Form } from './form.ts';
import type { Asked, PageResponse, PageSource } from './route.ts';

/** What is asked, as far as it matters to what stands around a page. */
type Frame = Pick<Asked, 'base' | 'form' | 'inner' | 'live'>;

/** What a page says, in the forms that every page has in common. */
export interface Contents {
  readonly status?: number;
  /** Of the document. */
  readonly title: string;
  readonly json: object;
  readonly page: () => Html;
}

/** The page, or its JSON, which begins with who answers and when. */
export function answer(
  { base, form, inner, live }: Frame,
  source: PageSource,
  { json, page, status = 200, title }: Contents,
): PageResponse {
  if (form !== 'html') return answerJson(source, json, status);
  const main = page();
  const frame = { base, title, process: source.process, renderedAt: isoTime(source.now), live };
  return { status, type: FORMS.html.type, body: (inner ? main : layout(frame, main)).markup };
}

export function answerJson(source: PageSource, json: object, status = 200): PageResponse {
  return { status, type: FORMS.json.type, body: `${JSON.stringify(signed(source, json), null, 2)}\n` };
}

/** The same for what may be long. */
export function* answerLongJson(source: PageSource, json: object): Steps<PageResponse> {
  return answerWritten('json', yield* jsonInSteps(signed(source, json), 2));
}

function signed({ now, process }: PageSource, json: object): object {
  return { service: process.service, pid: process.pid, at: isoTime(now), ...json };
}

/** A form that is others' and has no room for who answers. */
export function answerForeign(form: Form, json: object): PageResponse {
  return answerWritten(form, `${JSON.stringify(json)}\n`);
}

/** A body that is written already. */
export function answerWritten(form: Form, body: string): PageResponse {
  return { status: 200, type: FORMS[form].type, body };
}

export function answerText(body: string, status = 200): PageResponse {
  return { status, type: FORMS.text.type, body };
}

/** 404, with the sentence that says why. */
export function answerMissing(asked: Frame, source: PageSource, sentence: string): PageResponse {
  if (asked.form === 'text' || asked.form === 'markdown') return answerText(`${visible(sentence)}\n`, 404);
  const contents = { status: 404, title: 'not found', json: { error: sentence } };
  return answer(asked, source, { ...contents, page: () => noticePage('Not found', sentence) });
}
