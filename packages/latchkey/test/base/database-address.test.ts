/** The address of PostgreSQL: how it is taken apart, and when TLS is used. */
import { describe, expect, test, vi } from 'vitest';
import { crossesInClear, databaseTls, readDatabaseAddress } from '../../src/base/database-address.ts';

describe('the address of a database', () => {
  test('is taken apart as libpq does', () => {
    expect(readDatabaseAddress('postgres://ada:p%40ss@db.example:5433/latch%20key?application_name=x')).toEqual({
      host: 'db.example',
      port: 5433,
      user: 'ada',
      password: 'p@ss',
      database: 'latch key',
      parameters: { application_name: 'x' },
      hasUnknown: false,
    });
    expect(readDatabaseAddress('postgresql://[::1]/x').host).toBe('::1');
    expect(readDatabaseAddress('postgres://%2Frun%2Fpostgresql/x').host).toBe('/run/postgresql');
    expect(readDatabaseAddress('postgres:///x?host=/run/postgresql').host).toBe('/run/postgresql');
    expect(readDatabaseAddress('postgres://ada:100%@db/x').password).toBe('100%');
    expect(readDatabaseAddress('postgres://db').database).toBeNull();
  });

  test('without a host is of this machine, or what PGHOST says', () => {
    vi.stubEnv('PGHOST', undefined);
    expect(readDatabaseAddress('postgres:///x').host).toBe('localhost');
    vi.stubEnv('PGHOST', 'db.example');
    expect(readDatabaseAddress('postgres:///x').host).toBe('db.example');
    vi.unstubAllEnvs();
  });
});

/** Each row: the address, the named authority, how TLS is used, and whether somebody in between can read. */
const CONNECTIONS: readonly [string, string | null, string, boolean][] = [
  ['postgres://db/x', null, 'verify-full', false],
  ['postgres://10.0.0.7/x', null, 'verify-full', false],
  ['postgres://db/x?sslmode=require', null, 'verify-full', false],
  ['postgres://db/x?sslmode=verify-ca', 'ca.pem', 'verify-ca', false],
  ['postgres://db/x?sslmode=disable', null, 'disable', true],
  ['postgres://localhost/x', null, 'disable', false],
  ['postgres://127.0.0.1/x', null, 'disable', false],
  ['postgres://[::1]/x', null, 'disable', false],
  ['postgres://localhost/x?sslmode=verify-full', null, 'verify-full', false],
  ['postgres://localhost/x', 'ca.pem', 'verify-full', false],
  ['postgres:///x?host=/run/postgresql', null, 'disable', false],
  ['postgres://localhost.example/x', null, 'verify-full', false],
  ['postgres://db/x?host=127.0.0.1', null, 'disable', false],
  ['postgres://127.0.0.1/x?host=db', null, 'verify-full', false],
];

test.each(CONNECTIONS)('a connection to %s with the authority %j uses TLS: %s', (url, ca, tls, isClear) => {
  const address = readDatabaseAddress(url);
  expect(databaseTls(address, ca)).toBe(tls);
  expect(crossesInClear(address, ca)).toBe(isClear);
});
