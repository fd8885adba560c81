// Plain JavaScript that any Node can read: says in one line what is wrong instead of a syntax error.
import module from 'node:module';
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `skein: Node ${process.versions.node} cannot run it: it needs Node 24 (22.18 at least). \`npm ci\` brings one: use \`npm start\` or \`npx skein\`.\n`,
  );
  process.exit(1);
}

// What is compiled once is kept where only whoever installed it can write: a start takes half the time. Where it cannot be kept
// (a read-only file system) nothing is said.
module.enableCompileCache?.(fileURLToPath(new URL('../node_modules/.cache/node', import.meta.url)));
