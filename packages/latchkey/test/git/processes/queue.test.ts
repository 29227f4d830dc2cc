import { describe, expect, it } from 'vitest';
import { Busy, FairQueue, type QueueLimits } from '../../../src/git/processes/queue.ts';

const LIMITS: QueueLimits = {
  maxRunning: 2,
  maxRunningPerCaller: 2,
  maxQueued: 4,
  maxQueuedPerCaller: 3,
  maxWaitSec: 30,
};

/** Enters, and records the order in which callers get in. */
function enter(queue: FairQueue, order: string[], caller: string, label = caller): Promise<() => void> {
  return queue.enter(caller).then((release) => {
    order.push(label);
    return release;
  });
}

describe('the queue before git', () => {
  it('lets nobody wait while there is a place', async () => {
    const queue = new FairQueue(LIMITS);
    await queue.enter('ada');
    await queue.enter('ada');
    expect(queue.running).toBe(2);
    expect(queue.queued).toBe(0);
  });

  it('gives callers their turns, however many requests one of them has sent', async () => {
    const queue = new FairQueue({ ...LIMITS, maxRunning: 1, maxRunningPerCaller: 1 });
    const order: string[] = [];
    const first = await queue.enter('ada');
    const waiting = [
      enter(queue, order, 'ada', 'ada 1'),
      enter(queue, order, 'ada', 'ada 2'),
      enter(queue, order, 'ada', 'ada 3'),
      enter(queue, order, 'bob', 'bob 1'),
    ];
    first();
    for (const one of waiting) void one.then((release) => release());
    await Promise.all(waiting);
    expect(order).toEqual(['ada 1', 'bob 1', 'ada 2', 'ada 3']);
  });

  it('keeps places free that one caller may not take', async () => {
    const queue = new FairQueue({ ...LIMITS, maxRunning: 2, maxRunningPerCaller: 1 });
    const order: string[] = [];
    const release = await queue.enter('ada');
    const second = enter(queue, order, 'ada', 'ada again');
    await enter(queue, order, 'bob');
    expect(order).toEqual(['bob']);
    release();
    await second;
    expect(order).toEqual(['bob', 'ada again']);
  });

  it.each([
    ['of one caller', { maxQueuedPerCaller: 1 }, ['ada', 'ada']],
    ['in all', { maxQueued: 1, maxQueuedPerCaller: 1 }, ['ada', 'bob']],
  ])('is of bounded length %s', async (_what, limits, [first, second]) => {
    const queue = new FairQueue({ ...LIMITS, maxRunning: 0, ...limits });
    void queue.enter(first!).catch(() => undefined);
    await expect(queue.enter(second!)).rejects.toThrow(Busy);
    expect(queue.queued).toBe(1);
    queue.close();
  });

  it('tells who waited too long when to come back', async () => {
    const queue = new FairQueue({ ...LIMITS, maxRunning: 0, maxWaitSec: 0.01 });
    const error = await queue.enter('ada').catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(Busy);
    expect((error as Busy).retryAfterSec).toBe(0.01);
    expect(queue.queued).toBe(0);
  });

  it('forgets who went away', async () => {
    const queue = new FairQueue({ ...LIMITS, maxRunning: 1, maxRunningPerCaller: 1 });
    const release = await queue.enter('ada');
    const gone = new AbortController();
    const waiting = queue.enter('bob', gone.signal);
    gone.abort(new Error('hung up'));
    await expect(waiting).rejects.toThrow('hung up');
    expect(queue.queued).toBe(0);
    release();
    release();
    expect(queue.running).toBe(0);
  });

  it('sends everybody away when it closes', async () => {
    const queue = new FairQueue({ ...LIMITS, maxRunning: 0 });
    const waiting = queue.enter('ada');
    queue.close();
    await expect(waiting).rejects.toThrow(Busy);
    await expect(queue.enter('bob')).rejects.toThrow(Busy);
  });
});
