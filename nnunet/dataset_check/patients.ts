import { compareCodePoints } from "../code_points.ts";
import { DataError } from "../errors.ts";
import { RandomState } from "../numerics/random_state.ts";
import type { Split } from "../splits.ts";

const FOLDS = 5;
const SEED = 12345;

/**
 * The patient of each case.
 *
 * @param pattern regular expression that finds the patient in an identifier (its first group, else
 * all of it); by default the part up to the first number after which cases still differ, where that
 * makes small groups (`patient001_frame01`)
 * @throws {DataError} when the pattern is none, or does not fit a case
 */
export function patientsOf(identifiers: string[], pattern?: string): Map<string, string> {
  if (pattern === undefined) return guessPatients(identifiers);
  let expression: RegExp;
  try {
    expression = new RegExp(pattern);
  } catch (error) {
    throw new DataError(`Cannot use --patient ${pattern}: ${(error as Error).message}`);
  }
  return new Map(identifiers.map((identifier) => {
    const match = expression.exec(identifier);
    if (!match) {
      throw new DataError(
        `Cannot use --patient ${pattern}: it does not fit case "${identifier}", correct it`,
      );
    }
    return [identifier, match[1] ?? match[0]];
  }));
}

function guessPatients(identifiers: string[]): Map<string, string> {
  const numbers = Math.max(0, ...identifiers.map((id) => id.match(/\d+/g)?.length ?? 0));
  for (let count = 1; count < numbers; count++) {
    const beginning = new RegExp(`^(?:\\D*\\d+){${count}}`);
    const patients = new Map(identifiers.map((id) => [id, beginning.exec(id)?.[0] ?? id]));
    const sizes = groupSizes(patients.values());
    const largest = Math.max(...sizes.values());
    // A number that many cases share is a year or a dataset, not a patient.
    if (largest > 1 && sizes.size >= FOLDS && largest <= identifiers.length / FOLDS) {
      return patients;
    }
  }
  return new Map(identifiers.map((id) => [id, id]));
}

function groupSizes(patients: Iterable<string>): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const patient of patients) sizes.set(patient, (sizes.get(patient) ?? 0) + 1);
  return sizes;
}

/** Patients with cases in both training and validation of a fold, with those cases. */
export function leakingPatients(
  splits: Split[],
  patients: Map<string, string>,
): { fold: number; patient: string; cases: string[] }[] {
  const leaks = new Map<string, { fold: number; patient: string; cases: string[] }>();
  for (const [fold, { train, val }] of splits.entries()) {
    const trained = new Set(train.map((id) => patients.get(id)));
    for (const id of val) {
      const patient = patients.get(id);
      if (patient === undefined || !trained.has(patient) || leaks.has(patient)) continue;
      const cases = [...patients].filter(([, other]) => other === patient).map(([id]) => id);
      leaks.set(patient, { fold, patient, cases });
    }
  }
  return [...leaks.values()];
}

/**
 * Five folds that keep the cases of a patient together, as equal in size as that allows: patients in
 * seeded random order, the largest first, each to the smallest fold.
 */
export function splitByPatient(patients: Map<string, string>): Split[] {
  const identifiers = [...patients.keys()].sort(compareCodePoints);
  const sizes = groupSizes(patients.values());
  const names = [...sizes.keys()].sort(compareCodePoints);
  const order = new RandomState(SEED).permutation(names.length).map((i) => names[i]);
  order.sort((a, b) => sizes.get(b)! - sizes.get(a)!);
  const filled: number[] = Array(FOLDS).fill(0);
  const foldOf = new Map(order.map((patient) => {
    const fold = filled.indexOf(Math.min(...filled));
    filled[fold] += sizes.get(patient)!;
    return [patient, fold];
  }));
  const fold = (id: string) => foldOf.get(patients.get(id)!);
  return filled.map((_, k) => ({
    train: identifiers.filter((id) => fold(id) !== k),
    val: identifiers.filter((id) => fold(id) === k),
  }));
}
