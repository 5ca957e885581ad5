import { withSpan } from '@sonde/core';

export async function GET(_request, { params }) {
  const { id } = await params;
  await withSpan('work', { attributes: { 'work.for': id } }, () => new Promise(setImmediate));
  return Response.json({ id });
}

export async function POST(request) {
  return new Response(await request.text());
}
