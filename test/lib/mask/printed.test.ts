import { expect, test } from "bun:test";
import { type Engine, kindOf } from "../../../lib/mask/kind.ts";
import { printedAs } from "../../../lib/mask/printed.ts";

test.each<[Engine, string, string, string]>([
  ["postgres", "character(5)", "ab", "ab   "],
  ["mysql", "char(5)", "ab  ", "ab"],
  ["mysql", "binary(4)", "ab", "ab\0\0"],
  ["mysql", "int(5) unsigned zerofill", "42", "00042"],
  ["mysql", "year", "0", "0000"],
  ["mysql", "decimal(10,2)", "1.5", "1.50"],
  ["postgres", "numeric", "1.50", "1.50"],
  ["mysql", "datetime(3)", "2020-01-02 03:04:05", "2020-01-02 03:04:05.000"],
  ["mysql", "time(6)", "00:00:00", "00:00:00.000000"],
  ["postgres", "boolean", "1", "t"],
  ["mysql", "tinyint(1)", "false", "0"],
  ["postgres", "cidr", "192.0.2.7", "192.0.2.7/32"],
  ["postgres", "cidr", "2001:DB8:0:0:1:0:0:0", "2001:db8:0:0:1::/128"],
  ["mysql", "inet6", "192.0.2.7", "::ffff:192.0.2.7"],
  ["mysql", "uuid", "6F9619FF8B86D011B42D00C04FC964FF", "6f9619ff-8b86-d011-b42d-00c04fc964ff"],
  ["mysql", "set('x','y')", "y,x", "x,y"],
  ["postgres", "real", "1000000", "1e+06"],
  ["postgres", "real", "671668000", "6.7166797e+08"],
  ["postgres", "real", "2840525.25", "2.8405252e+06"],
  ["postgres", "double precision", "100000000000000", "100000000000000"],
  ["postgres", "double precision", "0.00001", "1e-05"],
  ["postgres", "double precision", "36076173636952500", "3.6076173636952496e+16"],
  ["postgres", "double precision", "NaN", "NaN"],
  ["mysql", "double", "1000000000000000", "1e15"],
  ["mysql", "double", "-1230471852608296.5", "-1230471852608296.5"],
  ["postgres", "double precision", "-1230471852608296.5", "-1.2304718526082965e+15"],
  ["mysql", "double", "0.00001", "0.00001"],
  ["mysql", "float", "1.1", "1.100000023841858"],
  ["mysql", "double(10,3)", "7", "7.000"],
])("%s prints a %s that was given as %s", (engine, type, given, printed) => {
  expect(printedAs(engine, kindOf(engine, { type }))(given)).toBe(printed);
});
