// Report.java - what report.py does, by JDBC: java Report.java URL < commands
//
// One command more: `fastpath SECONDS` sleeps by a call that is no statement.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.*;
import java.time.*;
import java.time.format.DateTimeFormatter;
import java.util.*;
import org.postgresql.PGConnection;
import org.postgresql.fastpath.FastpathArg;

public class Report {
	static final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
	static final DateTimeFormatter time = DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'");
	static Connection db;

	public static void main(String[] args) throws Exception {
		db = DriverManager.getConnection(args[0]);
		var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
		for (String line; (line = in.readLine()) != null;) {
			String[] field = line.split("\t");
			switch (field[0]) {
				case "catalog" -> catalog();
				case "read" -> read();
				case "ask" -> ask(field);
				case "state" -> say("state", state(field[1]), field[1]);
				case "stream" -> stream(field[1]);
				case "fastpath" -> say("fastpath", fastpath(Double.parseDouble(field[1])));
			}
		}
	}

	static void say(Object... fields) {
		var text = new StringJoiner("\t");
		for (Object field : fields) text.add(field == null ? "\\N" : field.toString());
		out.println(text);
	}

	static List<String[]> found(ResultSet rows, String... names) throws SQLException {
		var list = new ArrayList<String[]>();
		while (rows.next()) {
			var row = new String[names.length];
			for (int i = 0; i < names.length; i++) row[i] = rows.getString(names[i]);
			list.add(row);
		}
		return list;
	}

	static List<String[]> views() throws SQLException {
		return found(db.getMetaData().getTables(null, "mjc_report", "%", new String[] { "VIEW" }), "TABLE_NAME", "REMARKS");
	}

	static List<String[]> columns(String view) throws SQLException {
		return found(db.getMetaData().getColumns(null, "mjc_report", view, "%"), "COLUMN_NAME", "TYPE_NAME", "REMARKS");
	}

	static void catalog() throws SQLException {
		for (String[] schema : found(db.getMetaData().getSchemas(), "TABLE_SCHEM")) say("schema", schema[0]);
		for (String[] view : views()) {
			say("view", view[0], view[1]);
			for (String[] column : columns(view[0])) say("column", view[0], column[0], column[1], column[2]);
		}
	}

	static void read() throws SQLException {
		for (String[] view : views()) {
			try (var statement = db.createStatement();
					var rows = statement.executeQuery("SELECT * FROM mjc_report.\"" + view[0] + "\" LIMIT 5")) {
				int n = 0;
				for (; rows.next(); n++)
					for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++)
						if (rows.getObject(i) != null)
							say("type", rows.getMetaData().getColumnTypeName(i), rows.getObject(i).getClass().getSimpleName());
				say("read", view[0], n);
			} catch (SQLException error) {
				say("read", view[0], error.getSQLState());
			}
		}
	}

	static Object parameter(String text) {
		String value = text.substring(text.indexOf('=') + 1);
		return switch (text.substring(0, text.indexOf('='))) {
			case "integer" -> Long.valueOf(value);
			case "numeric" -> new BigDecimal(value);
			case "date" -> LocalDate.parse(value);
			case "time" -> OffsetDateTime.parse(value);
			default -> value;
		};
	}

	// A value as text; times in UTC.
	static String shown(ResultSet rows, int i) throws SQLException {
		Object value = rows.getObject(i);
		if (value instanceof Timestamp) return rows.getObject(i, OffsetDateTime.class).withOffsetSameInstant(ZoneOffset.UTC).format(time);
		if (value instanceof java.sql.Date) return rows.getObject(i, LocalDate.class).toString();
		if (value instanceof BigDecimal number) return number.toPlainString();
		if (value instanceof java.sql.Array list) return "{" + String.join(",", (String[]) list.getArray()) + "}";
		return rows.wasNull() ? null : value.toString();
	}

	static void ask(String[] field) throws SQLException {
		try (var statement = db.prepareStatement(field[1])) {
			for (int i = 2; i < field.length; i++) statement.setObject(i - 1, parameter(field[i]));
			var rows = statement.executeQuery();
			while (rows.next()) {
				var row = new ArrayList<Object>(List.of("row"));
				for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) row.add(shown(rows, i));
				say(row.toArray());
			}
		}
	}

	static String state(String sql) {
		try (var statement = db.createStatement()) {
			statement.execute(sql);
			return "00000";
		} catch (SQLException error) {
			return error.getSQLState();
		}
	}

	static void stream(String sql) throws SQLException {
		long n = 0, size = 0;
		db.setAutoCommit(false);
		try (var statement = db.createStatement()) {
			statement.setFetchSize(500);
			for (var rows = statement.executeQuery(sql); rows.next(); n++) size += rows.getString(2).length();
		}
		db.setAutoCommit(true);
		say("stream", n, size);
	}

	@SuppressWarnings("deprecation")
	static String fastpath(double seconds) throws SQLException {
		var oid = db.createStatement().executeQuery("SELECT 'pg_sleep'::regproc::oid::integer");
		oid.next();
		try {
			var bytes = java.nio.ByteBuffer.allocate(8).putDouble(seconds).array();
			db.unwrap(PGConnection.class).getFastpathAPI().fastpath(oid.getInt(1), new FastpathArg[] { new FastpathArg(bytes) });
			return "00000";
		} catch (SQLException error) {
			return error.getSQLState();
		}
	}
}
