/** Probing a guest's service, against real sockets. */
import { createServer as createHttp, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcp } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serviceProbe } from '../../adapters/probe/service-probe.ts';

let http: Server;
let base: string;
let port: number;
beforeAll(async () => {
  http = createHttp((request, response) => {
    const { pathname, port } = new URL(request.url ?? '/', base);
    if (pathname === '/ok') response.end('fine');
    else if (pathname === '/endless') response.write('x'.repeat(1_000_000));
    else if (pathname === '/moved') response.writeHead(302, { location: `http://127.0.0.1:${port}/ok` }).end();
    else if (pathname !== '/silent') response.writeHead(Number(pathname.slice(1))).end();
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  port = (http.address() as AddressInfo).port;
  base = `http://127.0.0.1:${port}`;
});
afterAll(() => {
  http.closeAllConnections();
  http.close();
});

test('a service that answers well is well, however long its answer', async () => {
  expect(await serviceProbe.http(`${base}/ok`, 1_000)).toBe(true);
  expect(await serviceProbe.http(`${base}/endless`, 1_000)).toBe(true);
});

test('an error, and a redirect to something that is well, are no good answers', async () => {
  for (const path of ['/500', '/404', '/moved']) expect(await serviceProbe.http(base + path, 1_000), path).toBe(false);
});

test('silence and a closed door are noticed within the bound', async () => {
  const began = Date.now();
  expect(await serviceProbe.http(`${base}/silent`, 200)).toBe(false);
  expect(await serviceProbe.http('http://127.0.0.1:1/ok', 200)).toBe(false);
  // TEST-NET-1: nobody answers there.
  expect(await serviceProbe.tcp('192.0.2.1', 80, 200)).toBe(false);
  expect(await serviceProbe.tcp('127.0.0.1', 1, 200)).toBe(false);
  expect(Date.now() - began).toBeLessThan(2_000);
});

test('a TCP service need only accept', async () => {
  const silent = createTcp();
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  expect(await serviceProbe.tcp('127.0.0.1', (silent.address() as AddressInfo).port, 1_000)).toBe(true);
  silent.close();
});
