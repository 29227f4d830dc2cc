import { expect, it, vi } from 'vitest';
import { latestPer, once, oncePer } from '../../src/base/once.ts';

it('what is worked out once is made by the first who asks, whatever it is', () => {
  const make = vi.fn(() => undefined);
  const value = once(make);
  expect(make).not.toHaveBeenCalled();
  expect([value(), value()]).toEqual([undefined, undefined]);
  expect(make).toHaveBeenCalledTimes(1);
});

it('what could not be worked out is tried again', () => {
  const make = vi
    .fn(() => 7)
    .mockImplementationOnce(() => {
      throw new Error('not now');
    });
  const value = once(make);
  expect(value).toThrow('not now');
  expect([value(), value()]).toEqual([7, 7]);
});

it('what is worked out for an object is made once for each, even where it is false', () => {
  const make = vi.fn(({ size }: ReadonlySet<number>) => size > 0);
  const holdsAny = oncePer(make);
  const [empty, full] = [new Set<number>(), new Set([1])];
  expect([empty, full, empty, full].map(holdsAny)).toEqual([false, true, false, true]);
  expect(make).toHaveBeenCalledTimes(2);
});

it('of an object that comes with something else, the last value alone is kept', () => {
  const make = vi.fn((word: string, { name }: { name: string }) => `${name} ${word}`);
  const said = latestPer(make);
  const [ada, bob] = [{ name: 'ada' }, { name: 'bob' }];
  expect([said(ada, 'x'), said(bob, 'x'), said(ada, 'x'), said(ada, 'y'), said(ada, 'x')]).toEqual([
    'ada x',
    'bob x',
    'ada x',
    'ada y',
    'ada x',
  ]);
  expect(make).toHaveBeenCalledTimes(4);
});
