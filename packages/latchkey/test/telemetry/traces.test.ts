/** Spans without a server: what counts as a parent, what is shown of a path, and a silent collector. */
import { describe, expect, test } from 'vitest';
import { makeLog } from '../../src/base/log.ts';
import { currentSpan, duringSpan, readTraceparent, traced } from '../../src/base/trace.ts';
import { MAX_WAITING_SPANS, openTracer } from '../../src/telemetry/otlp-tracer.ts';
import { shownPath } from '../../src/telemetry/request-spans.ts';
import { otlpReceiver } from '../scripts/otlp-receiver.ts';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';

describe('a traceparent', () => {
  test('is read in the first version, and in later ones by their beginning', () => {
    expect(readTraceparent(`00-${TRACE_ID}-${SPAN_ID}-01`)).toEqual({
      traceId: TRACE_ID,
      spanId: SPAN_ID,
      sampled: true,
    });
    expect(readTraceparent(`00-${TRACE_ID}-${SPAN_ID}-02`)).toMatchObject({ sampled: false });
    expect(readTraceparent(`cc-${TRACE_ID}-${SPAN_ID}-01-what-comes-later`)).toMatchObject({ sampled: true });
  });

  test.each([
    '',
    'x',
    `00-${TRACE_ID}-${SPAN_ID}`,
    `ff-${TRACE_ID}-${SPAN_ID}-01`,
    `00-${TRACE_ID}-${SPAN_ID}-01-more`,
    `00-${TRACE_ID.toUpperCase()}-${SPAN_ID}-01`,
    `00-${'0'.repeat(32)}-${SPAN_ID}-01`,
    `00-${TRACE_ID}-${'0'.repeat(16)}-01`,
    `00-${TRACE_ID}-${SPAN_ID}-0g`,
  ])('is nothing when it is %j', (text) => expect(readTraceparent(text)).toBeNull());
});

test.each([
  ['/acme/site.git/info/refs?service=git-upload-pack', '/acme/site.git/info/refs'],
  ['/acme/a-repository-with-a-name-of-some-length', '/acme/a-repository-with-a-name-of-some-length'],
  ['/acme/Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF', '/acme/[redacted]'],
  ['/api/v3/repos/acme/site/commits/main', '/api/v3/repos/acme/site/commits/main'],
  ['http://ada:hunter2@127.0.0.1/x', ''],
  ['/x/%E0%A4%A', '/x/[redacted]'],
  ['*', ''],
])('of the address %j the path %j is shown', (url, path) => expect(shownPath(url)).toBe(path));

describe('spans', () => {
  test('beyond the queue’s limit are dropped while the collector does not answer', async () => {
    const collector = await otlpReceiver();
    const release = collector.hold();
    const tracer = openTracer(collector.endpoint, { traceOneIn: 1 }, makeLog('silent'));
    const count = 4 * MAX_WAITING_SPANS;
    for (let n = 0; n < count; n++) {
      const span = tracer.begin('GET', 'server', null)!;
      span.set({ 'url.path': '/'.padEnd(10_000, 'x') });
      span.end();
      if (n % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    release();
    await tracer.close();
    expect(collector.spans.length).toBeGreaterThanOrEqual(MAX_WAITING_SPANS);
    expect(collector.spans.length).toBeLessThan(2 * MAX_WAITING_SPANS);
    expect(collector.spans[0]!.attributes['url.path']).toHaveLength(256);
  });

  test('are closed within the limit, whatever the collector does', async () => {
    const collector = await otlpReceiver();
    collector.hold();
    const tracer = openTracer(collector.endpoint, { traceOneIn: 1 }, makeLog('silent'));
    tracer.begin('GET', 'server', null)!.end();
    const beganAt = performance.now();
    await tracer.close();
    expect(performance.now() - beganAt).toBeLessThan(9_500);
  });

  test('have children only while they run, and none for results that are ready at once', async () => {
    const collector = await otlpReceiver();
    const tracer = openTracer(collector.endpoint, { traceOneIn: 1 }, makeLog('silent'));
    const span = tracer.begin('GET', 'server', null)!;
    const early = Promise.withResolvers<void>();
    const late = Promise.withResolvers<void>();
    const work = duringSpan(span, async () => {
      expect(traced('at once', 'internal', {}, () => 7)).toBe(7);
      await traced('waited for', 'internal', {}, async () => expect(currentSpan()!.root).toBe(span));
      await expect(traced('failed', 'internal', {}, () => Promise.reject(new RangeError('hunter2')))).rejects.toThrow(
        'hunter2',
      );
      early.resolve();
      await late.promise;
      await traced('late', 'internal', {}, async () => undefined);
    });
    await early.promise;
    span.end();
    late.resolve();
    await work;
    await tracer.close();
    expect(collector.spans.map(({ name, failed }) => [name, failed]).sort()).toEqual([
      ['GET', false],
      ['failed', true],
      ['waited for', false],
    ]);
    expect(collector.spans.find(({ name }) => name === 'failed')!.attributes).toEqual({ 'error.type': 'RangeError' });
    expect(collector.text()).not.toContain('hunter2');
    expect(currentSpan()).toBeNull();
  });
});
