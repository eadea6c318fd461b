// duck.mjs - DuckDB as a program that is told what to do on its standard input.
//
// usage: duck.mjs FOLDER-OF-PACKAGES DATABASE
//
//   load CSV          makes the table bench.event of it, answers "ok"
//   run SQL-FILE OUT  writes the rows to OUT, fields parted by |, answers the milliseconds
//
// The time is that of the statement and its rows, without start and reading of the database.

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const [folder, database] = process.argv.slice(2);
const { DuckDBInstance } = createRequire(join(folder, 'package.json'))('@duckdb/node-api');
const instance = await DuckDBInstance.create(database, { threads: '2' });
const connection = await instance.connect();

const LOAD = (csv) => `
	CREATE SCHEMA bench;
	CREATE TABLE bench.event AS
	SELECT * REPLACE (CAST("at" AS TIMESTAMP) AS "at")
	  FROM read_csv('${csv.replaceAll("'", "''")}', header = false, columns = {
	       session_id: 'UUID', event_id: 'UUID', "at": 'TIMESTAMPTZ', kind: 'VARCHAR', path: 'VARCHAR', product_id: 'UUID',
	       category_id: 'UUID', value_centimes: 'BIGINT', qty: 'INTEGER', duration_ms: 'INTEGER', customer_id: 'UUID',
	       is_bot: 'BOOLEAN', detail: 'VARCHAR'});
	CHECKPOINT;`;

async function run(file, out) {
	const sql = readFileSync(file, 'utf8');
	const begun = process.hrtime.bigint();
	const reader = await connection.runAndReadAll(sql);
	const rows = reader.getRows();
	const milliseconds = Number(process.hrtime.bigint() - begun) / 1e6;

	writeFileSync(out, rows.map((row) => row.map(String).join('|') + '\n').join(''));
	return milliseconds.toFixed(3);
}

for await (const line of createInterface({ input: process.stdin })) {
	const [command, ...words] = line.split(' ');

	if (command === 'load') {
		await connection.run("SET TimeZone = 'UTC'");
		await connection.run(LOAD(words[0]));
		console.log('ok');
	} else {
		console.log(await run(...words));
	}
}
