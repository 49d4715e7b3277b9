'use strict';

/** How far the confidences of the descriptions can be believed: a section of the page. */
milan.reliability = (() => {
  const {create, count, percent} = milan.dom;

  /** A bar per bin of confidence: as high as the part that was right; the line is their mean confidence. */
  function bar(bin) {
    const column = create('div', {className: 'bin', title: bin.units > 0 ?
      `confidence ${percent(bin.low)} to ${percent(bin.high)}: ${count(bin.units)} units, ` +
      `${percent(bin.confidence)} sure on average, ${percent(bin.right)} right` :
      `confidence ${percent(bin.low)} to ${percent(bin.high)}: no units`});
    if (bin.units === 0) return column;
    const right = create('span');
    right.style.setProperty('--part', bin.right);
    const sure = create('i');
    sure.style.setProperty('--part', bin.confidence);
    column.append(right, sure);
    return column;
  }

  function diagram({bins, threshold}) {
    const mark = create('b', {title: `threshold ${percent(threshold)}`});
    mark.style.setProperty('--part', threshold);
    const label = 'Reliability diagram: ' + bins.filter((bin) => bin.units > 0)
      .map((bin) => `${percent(bin.confidence)} sure, ${percent(bin.right)} right`).join('; ');
    return create('figure', {className: 'reliability'},
      create('div', {role: 'img', 'aria-label': label}, ...bins.map(bar), mark),
      create('div', {className: 'bin-units', 'aria-hidden': 'true'},
        ...bins.map((bin) => create('span', {}, bin.units > 0 ? count(bin.units) : ''))),
      create('figcaption', {},
        create('span', {}, '0 %'),
        create('span', {}, 'confidence; bars: part that was right, lines: confidence, below: units'),
        create('span', {}, '100 %')));
  }

  function explanation(calibration) {
    const nulls = calibration.nulls.map(({kind, sets, rate}) =>
      `${percent(rate)} of ${count(sets)} sets of ${kind}`).join(', ');
    return create('p', {},
      'The confidence of a description is the probability that it is right, as found on ',
      create('em', {}, `${count(calibration.units)} annotated units`), '. Right is a ' +
      `description that shares content words with the annotation (F1 of ${calibration.right_f1} or more); ` +
      `${percent(calibration.base_rate)} were. Confidence and part right differ by ` +
      `${percent(calibration.error)} on average (${percent(calibration.chance_error)} would be chance), and a ` +
      `right description is the surer one in ${percent(calibration.auc)} of pairs. Below ` +
      `${percent(calibration.threshold)} the page says “no reliable description”: that threshold keeps ` +
      `${percent(calibration.coverage)} of the annotated units, ${percent(calibration.precision)} of them right, ` +
      `and lets pass what means nothing: ${nulls || 'not tried'}.`);
  }

  /** Fills the section, or says that nothing is known. */
  function fill(section, report) {
    if (!report.bundle) return;
    section.hidden = false;
    const {calibration} = report;
    if (!calibration) {
      section.append(create('p', {}, 'How sure these descriptions are is not known: the bundle is not ' +
        'calibrated. ', create('code', {}, 'milan calibrate'), ' does it.'));
      return;
    }
    section.append(diagram(calibration), explanation(calibration));
  }

  return {fill};
})();
