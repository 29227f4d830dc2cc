/** One request to the running server, over the socket in its data folder. */
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { readSshPlace } from '../../base/machine/ssh-place.ts';

export interface SshRequest {
  readonly method?: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The server's answer came: its head, with the body still to read. */
export type Answered = IncomingMessage;

export class SshServer {
  readonly #place: ReturnType<typeof readSshPlace>;
  // A connection that is to be closed could be closed before an early answer was read.
  readonly #agent = new Agent({ keepAlive: true });

  /** @throws what the file system says when there is no place to find it at */
  constructor(data: string) {
    this.#place = readSshPlace(data);
  }

  /** Begins a request; whoever calls sends its body, and ends it. */
  begin({ method = 'GET', path, headers = {} }: SshRequest): { sent: ClientRequest; answer: Promise<Answered> } {
    const { socket, secret } = this.#place;
    const sent = request({
      socketPath: socket,
      method,
      path,
      headers: { ...headers, Authorization: `Bearer ${secret.reveal()}` },
      agent: this.#agent,
    });
    const answer = new Promise<Answered>((resolve, reject) => {
      sent.once('response', resolve);
      sent.on('error', reject);
    });
    return { sent, answer };
  }

  /** Ends what is left, so that the program can end. */
  close(): void {
    this.#agent.destroy();
  }

  /** The answer to a request with this body. */
  ask(asked: SshRequest, body?: Buffer): Promise<Answered> {
    const { sent, answer } = this.begin(asked);
    sent.end(body);
    return answer;
  }
}

/** The whole of a short answer. */
export async function textOf(answer: Answered): Promise<string> {
  let text = '';
  for await (const piece of answer.setEncoding('utf8')) text += String(piece);
  return text;
}
