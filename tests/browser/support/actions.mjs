// Pages of the real commands: a small run whose descriptions were written by hand, audited, edited and analysed.
import {execFileSync} from 'node:child_process';
import {copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

const texts = {
  layer: ['white text on signs', 'rough texture', 'red dogs', 'women in <b>hats</b>', 'lettering', 'blue lines'],
  late: ["people's faces", 'textured surfaces', 'texts', 'green grass', 'red dots', 'dog faces', 'cars', 'edges'],
};

function writeDescriptions(run) {
  const scored = (text, likelihood) => ({text, log_likelihood: likelihood, log_prior: -5, pmi: likelihood + 1});
  const units = Object.entries(texts).flatMap(([layer, all]) => all.map((text, unit) => ({
    layer, unit, state: 'alive', description: scored(text, -1), others: [scored('human faces', -2)],
    threshold: 0, activations: [], photos: [],
  })));
  const quoted = (text) => `"${text.replaceAll('"', '""')}"`;
  writeFileSync(join(run, 'descriptions.json'), JSON.stringify({format: 'milan-descriptions', version: 1,
    bundle: {name: 'test', hash: '0'}, pmi_weight: 0.2, beam_size: 10, units}));
  writeFileSync(join(run, 'descriptions.csv'), ['layer,unit,description', ...units.map(
    ({layer, unit, description}) => `${layer},${unit},${quoted(description.text)}`)].join('\n') + '\n');
}

/** {folder, pages: {audit, edit, analysis}, remove()}; the pages' files. */
export function writeActionPages() {
  const {MILAN_PROGRAM: program, MILAN_CLI_FIXTURE: fixture} = process.env;
  if (!program || !fixture) throw new Error('MILAN_PROGRAM and MILAN_CLI_FIXTURE must name milan and milan_cli_fixture');
  const folder = mkdtempSync(join(tmpdir(), 'milan-actions-'));
  const milan = (...options) => execFileSync(program, [...options, '-q'], {cwd: folder, stdio: ['ignore', 'ignore', 'inherit']});
  execFileSync(fixture, [folder], {stdio: 'ignore'});
  for (const [name, digits] of [['red_fox', '02'], ['frog', '13']]) {
    mkdirSync(join(folder, 'val', name), {recursive: true});
    for (const photo of readdirSync(join(folder, 'photos')).filter((file) => digits.includes(file['photo-'.length]))) {
      copyFileSync(join(folder, 'photos', photo), join(folder, 'val', name, photo));
    }
  }
  milan('exemplars', 'classifier.onnx', 'val', '-o', 'run', '--layers', 'layer,late');
  writeDescriptions(join(folder, 'run'));
  milan('report', 'run');
  milan('audit', 'run', '--find', 'face|text', '--no-synonyms');
  milan('edit', 'classifier.onnx', 'val', '--run', 'run', '--matching', 'text', '--trials', '2', '--points', '2',
    '--tolerance', '0.99', '-o', 'edited.onnx');
  milan('analyze', 'run', 'val', '--property', 'colour', '--fractions', '0.1,0.3', '--seeds', '2', '--importance', 'late');
  return {
    folder,
    pages: {audit: join(folder, 'run/audit/index.html'), edit: join(folder, 'edited.report/index.html'),
      analysis: join(folder, 'run/analysis/index.html')},
    remove: () => rmSync(folder, {recursive: true, force: true}),
  };
}
