import type { HrTime } from '@opentelemetry/api';
import type { Chunks } from '../download/write-store.ts';
import type { ProcessView } from '../pages/layout.ts';
import type { Elsewhere } from '../peers/peers.ts';
import type { RequestStore } from '../requests/request-store.ts';
import type { Steps } from '../slices.ts';
import type { RuntimeBetween } from '../view/runtime-lane.ts';
import type { SelfSource } from '../view/self-view.ts';
import type { Form } from './form.ts';
import type { Place } from './places.ts';

/** What is asked, without the mount point: `path` is `/`, `/requests`, … */
export interface PageRequest {
  readonly path: string;
  /** Relative way to the mount point, where the address does not end as `path` does. */
  readonly base?: string;
  readonly query: URLSearchParams;
  /** The Accept header. */
  readonly accept: string;
  /** Whether whoever asks may see sensitive lines. */
  readonly sensitive: boolean;
  /** Only what the page itself says, without the frame around it: for one that is open already. */
  readonly inner?: true;
}

export interface PageResponse {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  /** Instead of a body: a file, made while it is sent. */
  readonly file?: { readonly name: string; readonly content: Chunks };
}

/** What the pages show: a state that they read and never change, and the moment at which they do. */
export interface PageSource {
  readonly store: RequestStore;
  readonly process: ProcessView;
  readonly now: HrTime;
  /** What there is to tell of Sonde itself. Default: what can be seen without being told. */
  readonly self?: () => SelfSource;
  /** What the runtime did meanwhile. Default: nothing is known of that. */
  readonly runtime?: RuntimeBetween;
  /** What other processes told of the trace that is asked for, see `hearElsewhere`; undefined where none are asked. */
  readonly elsewhere?: Elsewhere | undefined;
}

/** What is asked of one route. */
export interface Asked {
  readonly form: Form;
  readonly query: URLSearchParams;
  readonly sensitive: boolean;
  /** What stands for the `*` of the route's path; else empty. */
  readonly id: string;
  /** Relative way from the page to the mount point, so that links work under any. */
  readonly base: string;
  readonly inner: boolean;
  /** Whether the page, once open, is kept up to date. */
  readonly live: boolean;
}

/** One page: where it is, and what it answers. */
export interface PageRoute extends Place {
  /**
   * Set where an open page is kept up to date, by server-sent events from its own address. Answers whether time alone
   * changes it from one second to the next.
   */
  readonly live?: (store: RequestStore) => boolean;
  answer(asked: Asked, source: PageSource): Steps<PageResponse>;
}

/** What costs the process something while it is made, and takes its time: a profile. */
export interface ActionRoute extends Place {
  /** Called for GET alone, and for those who have the right to it. Never rejects for anything that can be asked. */
  act(asked: ActionAsked, source: PageSource): Promise<ActionResponse>;
}

export interface ActionAsked {
  /** What the suffix asks for. */
  readonly form: Form | undefined;
  readonly query: URLSearchParams;
  /** What stands for the `*` of the route's path, decoded. */
  readonly id: string;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

export interface ActionResponse {
  readonly status: number;
  readonly type: string;
  readonly body: Uint8Array<ArrayBuffer> | string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Something that pages use and that is the same for everyone. */
export interface AssetRoute extends Place {
  readonly type: string;
  readonly body: string;
}

export type Route = PageRoute | ActionRoute | AssetRoute;
