/** Server-sent events, as a browser reads them. Source: HTML, 9.2 "Server-sent events". */
export const EVENT_STREAM = 'text/event-stream';

/** Whether whoever asks wants a page's updates, not the page. */
export function wantsUpdates(accept: string | undefined): boolean {
  return (
    accept !== undefined && accept.split(',', 1)[0]?.split(';', 1)[0]?.trim().toLowerCase() === EVENT_STREAM
  );
}

/** One event: the markup, and as its id the moment that it shows. */
export function updateEvent(markup: string, at: string): string {
  return `id: ${at}\ndata: ${markup.replace(/\r\n|\r|\n/g, '\ndata: ')}\n\n`;
}

/** A comment, which no reader sees; a connection without one for a while is dropped by whatever is between. */
export const HEARTBEAT = ': nothing new\n\n';
