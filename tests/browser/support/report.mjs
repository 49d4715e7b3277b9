// The report under test and what its data say, read independently of the page.
import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {runInNewContext} from 'node:vm';

/** Writes the reports into a new folder: {folder, remove()}. */
export function writeReports(units) {
  const program = process.env.MILAN_REPORT_FIXTURE;
  if (!program) throw new Error('MILAN_REPORT_FIXTURE must name the program milan_report_fixture');
  const folder = mkdtempSync(join(tmpdir(), 'milan-browser-'));
  execFileSync(program, [folder, String(units)], {stdio: 'inherit'});
  return {folder, remove: () => rmSync(folder, {recursive: true, force: true})};
}

/** All units of a report's data: {layer, number, state, description, pmi, confidence, peak}. */
export function readUnits(report) {
  const units = [];
  const setReport = ({layers}) => {
    for (const layer of layers) {
      layer.states.forEach((state, number) => units.push({
        layer: layer.name, number, state, description: layer.descriptions[number],
        pmi: layer.pmis[number], confidence: layer.confidences[number], peak: layer.peaks[number],
      }));
    }
  };
  runInNewContext(readFileSync(join(report, 'data/report.js'), 'utf8'), {milan: {setReport}});
  return units;
}
