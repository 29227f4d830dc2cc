/**
 * The official client of the Model Context Protocol: connects, lists the tools and calls those that are named, each
 * with its arguments. Prints what came of it as JSON: the list, and of each call the answer or what the client says.
 *
 * `mcp-tools.mjs URL|COMMAND [ARGS…]`, and in the environment `TOKEN` and `CALLS`.
 */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const [target, ...args] = process.argv.slice(2);
const { TOKEN, CALLS, ...env } = process.env;
const headers = TOKEN ? { Authorization: `Bearer ${TOKEN}` } : {};
const transport = /^https?:/.test(target)
  ? new StreamableHTTPClientTransport(new URL(target), { requestInit: { headers } })
  : new StdioClientTransport({ command: target, args, env });
const client = new Client({ name: 'trial', version: '1.0.0' });
const told = { tools: [], calls: {}, refused: null };
try {
  await client.connect(transport);
  told.tools = (await client.listTools()).tools.map(({ name }) => name);
  for (const [name, given] of JSON.parse(CALLS ?? '[]'))
    told.calls[name] = await client.callTool({ name, arguments: given }).then(
      ({ isError, content }) => `${isError ? 'error' : 'ok'}: ${content[0]?.text ?? ''}`,
      (error) => `refused: ${error.message}`,
    );
} catch (error) {
  told.refused = error.message;
}
await client.close();
process.stdout.write(JSON.stringify(told));
