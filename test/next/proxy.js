import { NextResponse } from 'next/server';

export function proxy(request) {
  return request.headers.has('x-refuse') ? new Response('no', { status: 401 }) : NextResponse.next();
}

export const config = { matcher: '/guarded/:id' };
