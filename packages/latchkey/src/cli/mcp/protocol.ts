/**
 * The Model Context Protocol as a server of tools speaks it: JSON-RPC 2.0, `initialize`, `ping`, `tools/list`,
 * `tools/call`. Nothing else is offered, so nothing else is asked (decision 0552).
 *
 * Source: modelcontextprotocol.io, specification 2025-11-25, "Lifecycle", "Tools".
 * Invariant: a message that can't be read gets JSON-RPC's own error, and ends nothing.
 */
import { programVersion } from '../../base/version.ts';

/** Newest first: what a client asks for is answered if it is here, and with the newest otherwise. */
const VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'];
/** Longer messages are refused. */
export const MAX_MESSAGE_BYTES = 1024 * 1024;

export interface Tool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of its arguments. */
  readonly inputSchema: object;
  /** @returns what the client's model reads. What it throws is told as the tool's error */
  readonly call: (given: Readonly<Record<string, unknown>>) => Promise<string>;
}

interface Message {
  readonly jsonrpc?: unknown;
  readonly id?: unknown;
  readonly method?: unknown;
  readonly params?: { readonly protocolVersion?: unknown; readonly name?: unknown; readonly arguments?: unknown };
}

const INSTRUCTIONS =
  'Tools about the token that git and the API of this server are used with here. After a refusal: explain, then what ' +
  'it says. Before a push: check. A person approves what request_approval asks for; wait for approval_status.';

export class McpServer {
  readonly #tools: readonly Tool[];

  constructor(tools: readonly Tool[]) {
    this.#tools = tools;
  }

  /** The answer to one message; null where none is due. Never rejects. */
  async answer(text: string): Promise<object | null> {
    let message: Message;
    try {
      message = JSON.parse(text) as Message;
    } catch {
      return failed(null, -32700, 'that is not JSON');
    }
    const isObject = typeof message === 'object' && message !== null && !Array.isArray(message);
    if (!isObject || message.jsonrpc !== '2.0' || typeof message.method !== 'string')
      return failed(null, -32600, 'that is no request of JSON-RPC 2.0');
    const { id, method } = message;
    // A notification, or an answer to something that was never asked.
    if (id === undefined || id === null) return null;
    if (typeof id !== 'string' && typeof id !== 'number') return failed(null, -32600, 'an id is a text or a number');
    return this.#reply(id, method, message.params ?? {});
  }

  async #reply(id: string | number, method: string, params: NonNullable<Message['params']>): Promise<object> {
    const done = (result: object): object => ({ jsonrpc: '2.0', id, result });
    if (method === 'ping') return done({});
    if (method === 'initialize')
      return done({
        protocolVersion: VERSIONS.find((version) => version === params.protocolVersion) ?? VERSIONS[0],
        capabilities: { tools: {} },
        serverInfo: { name: 'latchkey', version: programVersion() },
        instructions: INSTRUCTIONS,
      });
    if (method === 'tools/list') return done({ tools: this.#tools.map(({ call: _call, ...shown }) => shown) });
    if (method !== 'tools/call') return failed(id, -32601, `there is no method ${method.slice(0, 60)}`);
    const tool = this.#tools.find(({ name }) => name === params.name);
    if (tool === undefined) return failed(id, -32602, 'there is no such tool');
    const given = params.arguments ?? {};
    if (typeof given !== 'object' || Array.isArray(given)) return failed(id, -32602, 'arguments are an object');
    try {
      return done(said(await tool.call(given as Record<string, unknown>)));
    } catch (error) {
      return done({ ...said(error instanceof Error ? error.message : String(error)), isError: true });
    }
  }
}

function said(text: string): object {
  return { content: [{ type: 'text', text }] };
}

function failed(id: string | number | null, code: number, message: string): object {
  return { jsonrpc: '2.0', id, error: { code, message } };
}
