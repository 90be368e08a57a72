using SiemForwarder.Tests.Events.Formats;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Lint;

/// <summary>Messages on both sides of every limit that the readers know.</summary>
internal static class LegalAndIllegal
{
    private const string Cef = "CEF:0|v|p|1|id|n|1|";
    private const string Leef = "LEEF:2.0|v|p|1|id|x09|";
    private const string Syslog = "<86>1 - - - - - - ";
    private const string Object = "{}";

    public static IEnumerable<(string Format, string Message)> All() =>
        [.. Priorities(), .. Rfc5424(), .. StructuredData(), .. Rfc3164(), .. CefHeaders(), .. CefValues(), .. CefLengths(), .. LeefMessages(), .. Json(), .. Schemas(), .. Controls(), .. Sizes()];

    private static IEnumerable<(string, string)> Priorities() =>
        from priority in new[] { "<0>", "<7>", "<8>", "<99>", "<100>", "<191>", "<192>", "<00>", "<5>", "<1234>", "<>", "<", "86>", "<-1>", "< 1>", "x<86>" }
        select ("raw-5424", priority + "1 - - - - - - {}");

    private static IEnumerable<(string, string)> Rfc5424()
    {
        foreach (var time in new[]
        {
            "-", "2026-01-31T10:15:30Z", "2026-01-31T10:15:59.1Z", "2026-01-31T10:15:30.123456+02:00", "2026-01-31T10:15:30-11:30", "2026-01-31T10:15:30", "2026-01-31 10:15:30Z",
            "2026-13-31T10:15:30Z", "2026-01-31T25:15:30Z", "2026-01-31T10:15:30.Z", "x2026-01-31T10:15:30Z", "2026-01-31T10:15:30Zx", "",
        })
        {
            yield return ("raw-5424", $"<86>1 {time} - - - - - {Object}");
        }

        foreach (var (place, most) in new[] { ("{0} - - -", 255), ("- {0} - -", 48), ("- - {0} -", 128), ("- - - {0}", 32) })
        {
            foreach (var name in new[] { "!~", "", "a\u007Fb", "ü", new string('n', most), new string('n', most + 1) })
            {
                yield return ("raw-5424", $"<86>1 - {string.Format(System.Globalization.CultureInfo.InvariantCulture, place, name)} - {Object}");
            }
        }

        yield return ("raw-5424", "<86>1 - - - - - ");
        yield return ("raw-5424", "<86>");
        yield return ("cef-5424", Syslog + "\uFEFF" + Cef);
        yield return ("raw-5424", Syslog);
        yield return ("raw-5424", Syslog + "\uFEFF");
    }

    private static IEnumerable<(string, string)> StructuredData() =>
        from data in new[]
        {
            "-", "-{}", "- {}", "[a@1]", "[a@1] {}", "[a@1]  {}", "[a@1][b@1] {}", "[a@1 b=\"\"] {}", "[a@1 b=\"c\" d=\"e f\"][origin ip=\"192.0.2.1\"] {}", "[timeQuality tzKnown=\"1\"][meta x=\"y\"] {}",
            "[a@1 b=\"\\\"\\\\\\]\\n\"] {}", "[a@1 b=\"c\\\"] {}", "[a@1 b=\"c\\", "[a@1 b=\"c", "[a@1 b=\"", "[a@1 b=", "[a@1 b", "[a@1 ", "[a@1", "[", "[]", "[ b=\"c\"] {}", "[a@1 =\"c\"] {}", "[a@1  b=\"c\"] {}",
            "[a@1 b=\"c\"d=\"e\"] {}", "[a@1 b\"c\"] {}", "[a@1 b=\"c\"", "[a=b c=\"d\"] {}", "[Origin x=\"y\"] {}", "[a@1 b=\"c]d\"] {}", "[ü@1 ä=\"x\"] {}", "[!@1 ~=\"x\"] {}", "{}", "[a@1]{}", "[a@1]x", "x[a@1]",
            $"[a{new string('n', 29)}@1 {new string('n', 32)}=\"x\"] {{}}", $"[a{new string('n', 30)}@1 {new string('n', 33)}=\"x\"] {{}}",
        }
        select ("raw-5424", "<86>1 - - - - - " + data);

    private static IEnumerable<(string, string)> Rfc3164() =>
        from rest in new[]
        {
            "Nov  3 10:15:30 kc app: {}", "Nov 13 10:15:30 kc app:{}", "Feb 29 23:59:59 kc app: {}", "Feb 30 10:15:30 kc app: {}", "nov  3 10:15:30 kc app: {}", "Nov 03 10:15:30 kc app: {}", "Nov  0 10:15:30 kc app: {}",
            "Nov  3 24:15:30 kc app: {}", "Nov  3 10:15:30  app: {}", "Nov  3 10:15:30 kc", "Nov  3 10:15:30 k\u007F app: {}", "Nov  3 10:15:30 kü app: {}", "Nov  3 10:15:30 ~! app: {}", "Nov  3 10:15:30 kc a-b: {}",
            "Nov  3 10:15:30 kc : {}", $"Nov  3 10:15:30 kc {new string('t', 32)}: {{}}", $"Nov  3 10:15:30 kc {new string('t', 33)}: {{}}", "Nov  3 10:15:30 kc CEF:0| {}", "Nov  3 10:15:30 kc LEEF:2.0| {}", "Nov  3 10:15:30 kc CEF: {}",
            "2026-11-03T10:15:30Z kc app: {}", "",
        }
        select ("raw-3164", "<86>" + rest);

    private static IEnumerable<(string, string)> CefHeaders() =>
        from message in new[]
        {
            "CEF:0|v|p|1|id|n|1|", "CEF:1|v|p|1|id|n|10|", "CEF:|v|p|1|id|n|0|", "CEF:0", "CEF:", "cef:0|v|p|1|id|n|1|", "CEF:0|v|p|1|id|n|Low|", "CEF:0|v|p|1|id|n|Unknown|", "CEF:0|v|p|1|id|n|Medium|",
            "CEF:0|v|p|1|id|n|High|", "CEF:0|v|p|1|id|n|Very-High|", "CEF:0|v|p|1|id|n|low|", "CEF:0|v|p|1|id|n|11|", "CEF:0|v|p|1|id|n|-1|", "CEF:0|v|p|1|id|n| 1|", "CEF:0|v\\|w|p\\\\|1|id|n|1|", "CEF:0|v\\w|p|1|id|n|1|",
            "CEF:0|v\\", "CEF:0|v|", "CEF:0|v|p|", "CEF:0|v|p|1|", "CEF:0|v|p|1|id|", "CEF:0|v|p|1|id|n|", "CEF:0|v|p|1|id|n|1", "CEF:0||||||",
            $"CEF:0|{new string('v', 63)}|{new string('p', 63)}|{new string('1', 31)}|{new string('i', 1023)}|{new string('n', 512)}|1|",
            $"CEF:0|{new string('v', 64)}|{new string('p', 64)}|{new string('1', 32)}|{new string('i', 1024)}|{new string('n', 513)}|0000000001|",
        }
        select ("cef", message);

    private static IEnumerable<(string, string)> CefValues()
    {
        foreach (var extension in new[]
        {
            "a=b c=d", "a= b c", "a=b  c=d ", " a=b", "x a=b", "ä=b", "a-b=c", "=b", "a=\\\\ \\= \\n \\r", "a=\\t", "a=b\\", "a=x=y", "a=b a=c", "a==", "msg=one=two three=four",
            "custom=anything", "src=192.0.2.1 dst=192.0.2.2 dvc=192.0.2.3", "src=x dst=::1 dvc=300.1.1.1", "spt=0 dpt=65535", "spt=65536 dpt=-1", "cnt=-1 rt=1762164930123 start=Nov 03 2026 10:15:30",
            "start=Nov 03 2026 10:15:30.123 end=Nov 03 10:15:30 rt=Nov 03 10:15:30.123", "rt=-1 start=03 Nov 2026 end=now", "cnt=1.0", "cnt= 1", "rt=2026-11-03T10:15:30Z",
        })
        {
            yield return ("cef", Cef + extension);
        }

        foreach (var key in new[]
        {
            "cs1", "cs6", "cs7", "cs0", "xcs1", "cs1x", "cn1", "cn2", "cn3", "cn4", "cfp1", "cfp4", "cfp5", "c6a1", "c6a2", "c6a3", "c6a4", "c6a5", "flexString1", "flexString2", "flexString3", "deviceCustomDate1",
            "deviceCustomDate2", "deviceCustomDate3",
        })
        {
            yield return ("cef", $"{Cef}{key}=text");
            yield return ("cef", $"{Cef}{key}Label=what it is");
            yield return ("cef", $"{Cef}{key}Label=what it is {key}={(key.StartsWith("c6a", StringComparison.Ordinal) ? "2001:db8::1" : "7")}");
        }
    }

    // The lengths of the standard's appendix (document version 27), and those of the custom strings.
    private static IEnumerable<(string, string)> CefLengths() =>
        from one in "externalId=40 app=31 act=63 outcome=63 dvchost=100 deviceExternalId=255 sntdom=255 dntdom=255 requestContext=2048 dmac=17 smac=17 proto=31 cs1=4000 cs6=4000 cat=1023 reason=1023 msg=1023 shost=1023 suser=1023 suid=1023 spriv=1023 duser=1023 duid=1023 dpriv=1023 dhost=1023 destinationServiceName=1023 sourceServiceName=1023 request=1023 requestMethod=1023 requestClientApplication=1023 deviceFacility=1023 ourOwn=5000"
            .Split(' ').Select(pair => pair.Split('='))
        from more in new[] { 0, 1 }
        select ("cef", $"{Cef}{one[0]}={new string('x', int.Parse(one[1], System.Globalization.CultureInfo.InvariantCulture) + more)}");

    private static IEnumerable<(string, string)> LeefMessages() =>
        from message in new[]
        {
            Leef, Leef + "cat=x", Leef + "\tcat=x\t\t", Leef + "a=b=c\td=", Leef + "=x", Leef + "a", Leef + "a-b=c", Leef + "ä=c", Leef + "a=1\ta=2\tA=3", Leef + "sev=1", Leef + "sev=10", Leef + "sev=11", Leef + "sev=x",
            Leef + "src=192.0.2.1\tdst=::1\tidentSrc=2001:db8::1", Leef + "src=x\tdst=y\tidentSrc=z", Leef + "usrName=" + new string('u', 255), Leef + "usrName=" + new string('u', 256), Leef + "devTime=1762164930123",
            Leef + "devTime=176216493012", Leef + "devTime=176216493012x", Leef + "devTime=x\tdevTimeFormat=y", "LEEF:2.0|v|p|1|id|^|a=b^c=d", "LEEF:2.0|v|p|1|id|xa6|a=b¦c=d", "LEEF:2.0|v|p|1|id|0x5E|a=b^c=d",
            "LEEF:2.0|v|p|1|id|x0005E|a=b^c=d", "LEEF:2.0|v|p|1|id|x005E|a=b^c=d", "LEEF:2.0|v|p|1|id|xy|a=b", "LEEF:2.0|v|p|1|id||a=b", "LEEF:2.0|v|p|1|id|x|axb=c", "LEEF:2.0|v|p|1|id|5E|a=b", "LEEF:2.0|v|p|1|id|0x|a=b",
            "LEEF:1.0|v|p|1|id|a=b\tc=d", "LEEF:1.0|v|p|1|id|a=b|c", "LEEF:1.0|v|p|1|id|", "LEEF:1.0|v|p|1|id", "LEEF:2.0|v|p|1|id|a=b", "LEEF:2.0|||||^|a=b", "LEEF:1.0|||||a=b", "LEEF:3.0|v|p|1|id|^|a=b", "leef:2.0|v|p|1|id|^|a=b",
            $"LEEF:2.0|v|p|1|{new string('i', 255)}|^|a=b", $"LEEF:2.0|{new string('v', 300)}|p|1|{new string('i', 256)}|^|a=b", "LEEF:2.0|v|p|1|id|^|a=b|c^d=e",
        }
        select ("leef", message);

    private static IEnumerable<(string, string)> Json() =>
        from message in new[]
        {
            "{}", "{ }", " {}", "", "null", "{\"a\":1}", "{\"a\":1.50}", "{\"a\":true,\"b\":false,\"c\":null,\"d\":\"\"}", "{\"a\":[]}", "{\"a\":[1]}", "{\"a\":[1,\"2\",[3]]}", "{\"a\":[[1],[2,3]]}", "{\"a\":[{\"b\":1}]}",
            "{\"a\":[{\"b\":1},{\"b\":2}]}", "{\"a\":[{\"key\":\"k\",\"value\":{\"stringValue\":\"v\"}},{\"key\":\"l\",\"value\":7}]}", "{\"a\":[{\"key\":1,\"value\":2}]}", "{\"a\":[{\"key\":\"k\"}]}", "{\"a\":[{\"value\":\"k\"}]}",
            "{\"a\":1,\"a\":2}", "{\"x\":{\"a\":1},\"a\":2}", "{\"a\":{\"a\":1},\"b\":{\"a\":1}}", "{\"a\":1,\"A\":2}", "{\"a\":[{\"b\":1,\"b\":2}]}", "{\"a\":1}}", "{\"a\":1} {\"a\":2}", "{\"a\":1", "{\"a\":01}", "{\"a\":{\"b\":{\"c\":\"d\"}}}", "{\"a.b\":{\"\":\"x\"}}",
            string.Concat(Enumerable.Repeat("{\"a\":", 127)) + "1" + new string('}', 127), string.Concat(Enumerable.Repeat("{\"a\":", 129)) + "1" + new string('}', 129),
        }
        select ("raw", message);

    private static IEnumerable<(string, string)> Schemas()
    {
        foreach (var schema in new[] { "json", "ecs", "cim", "asim", "udm", "ocsf", "ocsf-1.9", "raw" })
        {
            yield return (schema, FormatSettings.Text(FormatSettings.Write(schema, Some.LoginEvent())));
            yield return (schema, Object);
        }

        foreach (var (schema, values) in new[]
        {
            ("json", "{\"schema_version\":\"\",\"event_id\":null,\"event_type\":\"\",\"timestamp\":\"2026-01-31T10:15:30\",\"outcome\":\"\"}"),
            ("json", "{\"schema_version\":1,\"event_id\":\"e\",\"event_type\":\"t\",\"timestamp\":\"2026-01-31 10:15:30Z\",\"outcome\":[\"success\",\"failure\",\"unknown\",\"Success\"]}"),
            ("json", "{\"schema_version\":true,\"event_id\":\"e\",\"event_type\":\"t\",\"timestamp\":[\"2026-01-31T10:15:30Z\",\"T:Z\"],\"outcome\":\"unknown\"}"),
            ("ecs", "{\"@timestamp\":\"x\",\"ecs\":{\"version\":\"\"},\"event\":{\"kind\":[\"alert\",\"asset\",\"enrichment\",\"event\",\"metric\",\"pipeline_error\",\"signal\",\"state\",\"\"],\"category\":[\"api\",\"authentication\",\"configuration\",\"database\",\"driver\",\"email\",\"file\",\"host\",\"iam\",\"intrusion_detection\",\"library\",\"malware\",\"network\",\"package\",\"process\",\"registry\",\"session\",\"threat\",\"vulnerability\",\"web\",\"\"],\"outcome\":[\"success\",\"failure\",\"unknown\",\"\"],\"id\":\"\"}}"),
            ("cim", "{\"timestamp\":\"\",\"vendor_product\":\"\",\"src\":\"\",\"dest\":\"\"}"),
            ("asim", "{\"EventCount\":\"1\",\"EventStartTime\":\"\",\"EventEndTime\":\"\",\"EventType\":\"\",\"EventResult\":[\"Success\",\"Partial\",\"Failure\",\"NA\",\"\"],\"EventProduct\":\"\",\"EventVendor\":\"\",\"EventSchema\":[\"Authentication\",\"AuditEvent\",\"UserManagement\",\"\"],\"EventSchemaVersion\":\"\",\"Dvc\":\"\"}"),
            ("asim", "{\"EventCount\":1.5}"),
            ("udm", "{\"metadata\":{\"eventTimestamp\":\"\",\"eventType\":\"\",\"vendorName\":\"\",\"productName\":\"\"}}"),
            ("ocsf", "{\"class_uid\":3002,\"category_uid\":3,\"activity_id\":1,\"type_uid\":300201,\"time\":1,\"severity_id\":[0,1,2,3,4,5,6,99,7],\"metadata\":{\"version\":\"1.8.0\",\"product\":{\"name\":\"x\"}}}"),
            ("ocsf", "{\"class_uid\":3002,\"category_uid\":4,\"activity_id\":1,\"type_uid\":300202,\"time\":1.5,\"severity_id\":\"\",\"metadata\":{\"version\":\"1.9.0\",\"product\":{\"name\":\"\"}}}"),
            ("ocsf", "{\"class_uid\":-3002,\"category_uid\":-3,\"activity_id\":1,\"type_uid\":-300199}"),
            ("ocsf-1.9", "{\"metadata\":{\"version\":\"1.9.0\"}}"),
        })
        {
            yield return (schema, values);
        }
    }

    private static IEnumerable<(string, string)> Controls() =>
        from character in new[] { "\r", "\n", "\0", "\t", "\u001B", "\u007F", "\u0085", "é", "\uFEFF" }
        from format in new[] { ("raw", "{\"a\":\"", "\"}"), ("leef", Leef + "a=x", "y"), ("cef", Cef + "a=x", "y") }
        select (format.Item1, format.Item2 + character + format.Item3);

    private static IEnumerable<(string, string)> Sizes()
    {
        foreach (var (format, head, octets) in new[]
        {
            ("raw-3164", "<86>Nov 13 10:15:30 kc a: {\"a\":\"", 1024), ("raw-5424", Syslog + "{\"a\":\"", 2048), ("raw", "{\"a\":\"", 8192), ("raw-3164", "<86>Nov 13 10:15:30 kc a: {\"a\":\"", 8192),
        })
        {
            yield return (format, head + new string('x', octets - head.Length - 2) + "\"}");
            yield return (format, head + new string('x', octets - head.Length - 1) + "\"}");
        }
    }
}
