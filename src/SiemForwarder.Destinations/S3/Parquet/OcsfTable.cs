using System.Text.Json;
using Parquet.Schema;

namespace SiemForwarder.Destinations.S3.Parquet;

/// <summary>The table of one OCSF class: every member that an event of this class can have, as columns, structs and lists that may be null.</summary>
/// <remarks>Columns are the same whatever a batch holds, so that engines read all objects of a class as one table. OCSF 1.8 and 1.9 share it.</remarks>
internal sealed class OcsfTable
{
    // What is Keycloak's alone has members of its own for every event type: a text of JSON, which every engine can look into.
    private const string Unmapped = "unmapped";

    private static readonly Dictionary<int, OcsfTable> Tables = new OcsfTable[]
    {
        new(2004, "detection_finding", Flag("is_alert"), Finding(), List("evidences", User(), Source())),
        new(3001, "account_change", User(), Factors()),
        new(3002, "authentication",
            User(), Factors(), Named("service"), Target(), new StructField("session", Text("uid"), Text("issuer")),
            new StructField("authentication_token", Number("type_id"), Text("type"), Text("uid")), Number("auth_protocol_id"), Text("auth_protocol"),
            Flag("is_remote"), Number("logon_type_id"), Text("logon_type"), Number("account_switch_type_id"), Text("account_switch_type")),
        new(3004, "entity_management", new StructField("entity", Text("uid"), Text("name"), Number("type_id"), Text("type"), Text("data"))),
        new(3005, "user_access", User(), Texts("privileges")),
        new(3006, "group_management",
            Named("group"), Named("subgroup"), User(), List("users", UserMembers()), List("iam_roles", NamedMembers()), Texts("privileges")),
        new(3007, "user_management", User(), Factors(), List("iam_roles", NamedMembers()), Texts("privileges")),
        new(3008, "role_management", Named("iam_role")),
        new(6003, "api_activity",
            new StructField("api", Text("operation"), Named("service")), Target(), List("resources", Text("type"), Text("uid"), Text("name"))),
    }.ToDictionary(table => table.ClassUid);

    private OcsfTable(int classUid, string name, params Field[] own)
    {
        (ClassUid, Name) = (classUid, name);
        Schema = new ParquetSchema([.. EventFields(classUid), .. own, Text(Unmapped)]);
    }

    public static IEnumerable<OcsfTable> All => Tables.Values;

    public int ClassUid { get; }

    /// <summary>Name of the class in lower snake case, as OCSF files it.</summary>
    public string Name { get; }

    /// <summary>Name of the custom source in Security Lake, which takes 20 characters at most and one class each.</summary>
    public string CustomSource => $"kc_{Name}";

    public ParquetSchema Schema { get; }

    /// <summary>The table of a formatted event; null if it is none of OCSF.</summary>
    public static OcsfTable? Find(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == 1)
            {
                var isClass = reader.ValueTextEquals("class_uid"u8);
                reader.Read();
                if (isClass)
                {
                    return reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var uid) ? Tables.GetValueOrDefault(uid) : null;
                }

                reader.Skip();
            }
        }

        return null;
    }

    private static IEnumerable<Field> EventFields(int classUid) =>
    [
        Number("class_uid"), Text("class_name"), Number("category_uid"), Text("category_name"), Number("activity_id"), Text("activity_name"),
        Long("type_uid"), Number("severity_id"), Text("severity"), Number("status_id"), Text("status"), Text("status_code"), Text("status_detail"),
        Long("time"), Text("message"),
        new StructField(
            "metadata", Text("version"), new StructField("product", Text("vendor_name"), Text("name")), Text("uid"), Text("event_code"),
            Text("correlation_uid"), Text("log_provider"), Text("log_name"), Text("tenant_uid"), Text("original_time"), Long("processed_time"),
            Flag("is_truncated")),
        .. classUid == 2004 ? [] : new Field[]
        {
            new StructField("actor", User(), Text("app_name"), Text("app_uid"), Named("idp")), Source(),
        },
        List("observables", Text("name"), Number("type_id"), Text("value")),
    ];

    private static StructField Finding() => new(
        "finding_info", Text("uid"), Text("title"), Text("desc"),
        new StructField("analytic", Number("type_id"), Text("type"), Text("uid"), Text("name"), Text("version")),
        List("attacks", new StructField("technique", Text("uid"))));

    private static StructField Source() => new(
        "src_endpoint", Text("ip"), Number("port"), Text("name"),
        new StructField("location", Text("city"), Text("region"), Text("country"), new DataField<double?>("lat"), new DataField<double?>("long")),
        new StructField("autonomous_system", Long("number"), Text("name")));

    private static StructField Target() => new("dst_endpoint", Text("hostname"), Text("svc_name"));

    private static StructField User() => new("user", UserMembers());

    private static Field[] UserMembers() => [Text("uid"), Text("name"), Number("type_id"), Text("type"), Text("domain"), Text("email_addr")];

    private static ListField Factors() => List("auth_factors", Number("factor_type_id"), Text("factor_type"));

    private static StructField Named(string name) => new(name, NamedMembers());

    private static Field[] NamedMembers() => [Text("uid"), Text("name")];

    private static ListField List(string name, params Field[] members) => new(name, new StructField("element", members));

    private static ListField Texts(string name) => new(name, Text("element"));

    private static DataField<string?> Text(string name) => new(name);

    private static DataField<int?> Number(string name) => new(name);

    private static DataField<long?> Long(string name) => new(name);

    private static DataField<bool?> Flag(string name) => new(name);
}
