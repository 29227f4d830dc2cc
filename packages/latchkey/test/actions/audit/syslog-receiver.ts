/**
 * A receiver of syslog over TLS, as a process. It writes each message as a line to a file before it reads on.
 * Arguments: certificate, key (files), output, port (0 = a free one, which it prints), and the number of messages after
 * which it kills itself (0 = never).
 */
import { readFileSync, writeFileSync, writeSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';

const [cert = '', key = '', output = '', port = '0', dieAfter = '0'] = process.argv.slice(2);
let received = 0;
const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (socket) => {
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const space = rest.indexOf(' ');
      if (space < 0) break;
      const length = rest.subarray(0, space).toString();
      if (!/^[1-9]\d*$/.test(length)) throw new Error(`no frame begins with ${JSON.stringify(length.slice(0, 40))}`);
      const end = space + 1 + Number(length);
      if (rest.length < end) break;
      writeFileSync(output, `${rest.subarray(space + 1, end).toString()}\n`, { flag: 'a' });
      rest = rest.subarray(end);
      if (++received === Number(dieAfter)) process.kill(process.pid, 'SIGKILL');
    }
  });
  socket.on('error', () => {});
});
server.listen(Number(port), '127.0.0.1', () => writeSync(1, `${(server.address() as AddressInfo).port}\n`));
process.stdin.on('end', () => process.exit()).resume();
