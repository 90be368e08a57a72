using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Events.Keycloak;
using SiemForwarder.Events.Privacy;
using SiemForwarder.Events.Pushed;
using SiemForwarder.Tests.Events.Formats;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events;

/// <summary>Whoever makes an event eight times as long by one thing makes it cost about eight times as much, and not sixty-four times.</summary>
/// <remarks>Ratios of times that the thread worked, each the best of several, with room for what the runtime does beside it: where the event is eight times as long,
/// linear work takes 8 times as long, quadratic work 64 times.</remarks>
public sealed class GrowthTests
{
    private const int Factor = 8;
    private const double Bound = 5.6;
    private const int Rounds = 3;

    // CLOCK_THREAD_CPUTIME_ID of Linux.
    private const int ThreadClock = 3;

    private static readonly PrivacyPolicy Policy = new(
        [
            new PrivacyRule(PrivacyFields.EveryDetail, PrivacyAction.Mask), new PrivacyRule(PrivacyFields.Subject, PrivacyAction.Hash),
            new PrivacyRule(PrivacyFields.Email, PrivacyAction.Drop),
        ],
        new PrivacyKey("k1", "a key of sixteen or more"));

    private static readonly IEventFormatter[] Formatters = [.. FormatSettings.Names.Select(name =>
        EventFormatCatalog.Create(FormatSettings.For(name) with { IncludeRepresentation = true }, "1.0.0"))];

    /// <summary>What grows, and an event with so much of it.</summary>
    public static TheoryData<string, EventStream, int> Dimensions => new()
    {
        { "members", EventStream.Pushed, 1000 },
        { "members of context", EventStream.Pushed, 1000 },
        { "members of one name", EventStream.Pushed, 1000 },
        { "details", EventStream.User, 1000 },
        { "names that are alike after they are cut", EventStream.Pushed, 500 },
        { "text", EventStream.Pushed, 20_000 },
        { "one character over and over", EventStream.Pushed, 20_000 },
        { "values that hold each other", EventStream.Pushed, 60 },
        { "values in one text", EventStream.Pushed, 500 },
        { "escapes", EventStream.Pushed, 5_000 },
        { "items", EventStream.Pushed, 5_000 },
        { "text that looks like JSON", EventStream.Pushed, 5_000 },
        { "text that looks like secrets", EventStream.Pushed, 2_000 },
        { "users of an import", EventStream.Admin, 500 },
        { "path", EventStream.Admin, 5_000 },
        { "roles", EventStream.Admin, 500 },
    };

    [Theory]
    [MemberData(nameof(Dimensions))]
    public void WorkGrowsAsTheEventDoes(string dimension, EventStream stream, int size)
    {
        var (small, large) = (Encoding.UTF8.GetBytes(Event(dimension, size)), Encoding.UTF8.GetBytes(Event(dimension, size * Factor)));
        var (slow, longer) = (new List<string>(), (double)large.Length / small.Length);

        // Once without being timed: what is compiled and rented at first use is no work of the event.
        _ = Steps(stream, small).Concat(Steps(stream, large)).Count();
        foreach (var ((step, less), (_, more)) in Best(stream, small).Zip(Best(stream, large)))
        {
            // What takes less than a clock tells well is no attack.
            if (more.TotalMilliseconds > 50 && more / less > Bound * longer)
            {
                slow.Add($"{step}: {less.TotalMilliseconds:0.00} ms for {size} {dimension}, {more.TotalMilliseconds:0.00} ms for {size * Factor}");
            }
        }

        Assert.Empty(slow);
    }

    [Fact]
    public void APushedEventHasABoundOfMembersWhereverTheyStand()
    {
        static string? Fault(string json) => PushedEventLimits.FindFault(PushedOutline.Read(Encoding.UTF8.GetBytes(json)));
        static string Members(int count) => string.Join(',', Enumerable.Range(0, count).Select(index => $"\"m{index}\":1"));
        static string Context(int count) => "{\"event_type\":\"a\",\"context\":{" + Members(count) + "}}";

        Assert.Null(Fault($"{{\"event_type\":\"a\",{Members(511)}}}"));
        Assert.Null(Fault(Context(510)));
        Assert.Equal("An event may have at most 512 members, those in context or details included; this one has 513.", Fault($"{{\"event_type\":\"a\",{Members(512)}}}"));
        Assert.StartsWith("An event may have at most 512", Fault("{\"event_type\":\"a\",\"context\":{" + Members(256) + "},\"details\":{" + Members(256) + "}}"), StringComparison.Ordinal);
        Assert.Null(Fault(Context(5000).Replace("context", "representation", StringComparison.Ordinal)));
    }

    [Fact]
    public void WhereThereAreTooManyValuesToLookForTheirTextsAreWithheldAndWhoActedIsNot()
    {
        // Some 2,000 names of 200 characters.
        var users = Enumerable.Range(0, 2000).Select(index => $"user-{index}-{new string('x', 190)}").ToArray();
        var representation = JsonSerializer.Serialize(new { users = users.Select(username => new { username }) });
        var one = Some.LoginEvent(userName: "alice") with
        {
            Kind = EventKind.Admin,
            Actor = new EventParty("a-1", "root", null, "acme", "c-1"),
            Details = [new("note", $"about {users[^1]}"), new("username", users[^2])],
            Admin = new AdminAction("CREATE", "REALM", "", null, representation),
        };

        var hidden = new PrivacyPolicy([new PrivacyRule(PrivacyFields.Subject, PrivacyAction.Mask)], null).Apply(one);

        Assert.Equal(("***", "root", "a-1"), (hidden.Subject!.Name, hidden.Actor!.Name, hidden.Actor.Id));
        Assert.Equal([new("note", PrivacyPolicy.Withheld), new("username", PrivacyPolicy.Mask)], hidden.Details);
        Assert.Equal(PrivacyPolicy.Withheld, hidden.Admin!.Representation);
        Assert.All(FormatSettings.Names, format => Assert.DoesNotContain("user-1999", FormatSettings.Text(FormatSettings.Write(
            EventFormatCatalog.Create(FormatSettings.For(format, 65536) with { IncludeRepresentation = true }, "1.0.0"), hidden)), StringComparison.Ordinal));
    }

    private static List<(string Step, TimeSpan Time)> Best(EventStream stream, byte[] json)
    {
        var rounds = Enumerable.Range(0, Rounds).Select(_ => Steps(stream, json).ToList()).ToList();
        return [.. rounds[0].Select((step, index) => (step.Step, rounds.Min(round => round[index].Time)))];
    }

    /// <summary>Everything that is done with an event, and how long each took.</summary>
    private static IEnumerable<(string Step, TimeSpan Time)> Steps(EventStream stream, byte[] json)
    {
        if (stream == EventStream.Pushed)
        {
            yield return Timed("outline", () => PushedEventLimits.FindFault(PushedOutline.Read(json)), out _);
            yield return Timed("key", () => new PushedKeys().Of(PushedOutline.Read(json), json, isPulledToo: true, pulledByContent: true), out _);
        }
        else
        {
            yield return Timed("key", () => new KeycloakContentHash().Compute(json, 0), out _);
        }

        yield return Timed("normalize", () => Some.Normalized(stream, json), out var normalized);
        yield return Timed("conceal", () => Policy.Apply(normalized), out var hidden);
        foreach (var (formatter, name) in Formatters.Zip(FormatSettings.Names))
        {
            yield return Timed(name, () => FormatSettings.Write(formatter, normalized), out _);
            yield return Timed($"{name}, concealed", () => FormatSettings.Write(formatter, hidden), out _);
        }
    }

    private static (string Step, TimeSpan Time) Timed<T>(string step, Func<T> work, out T result)
    {
        var start = Worked();
        result = work();
        return (step, Worked() - start);
    }

    // What this thread worked, whoever else the machine works for meanwhile.
    private static TimeSpan Worked() =>
        OperatingSystem.IsLinux() && ClockGetTime(ThreadClock, out var time) == 0 ? TimeSpan.FromTicks((time.Seconds * TimeSpan.TicksPerSecond) + (time.Nanoseconds / 100))
            : Stopwatch.GetElapsedTime(0);

    [DllImport("libc", EntryPoint = "clock_gettime")]
    private static extern int ClockGetTime(int clock, out ClockTime time);

    private static string Event(string dimension, int size)
    {
        string Many(Func<int, string> one) => string.Join(',', Enumerable.Range(0, size).Select(one));
        string Pushed(string members) => "{\"event_type\":\"account.x\",\"event_id\":\"e\",\"subject\":\"alice.liddell\",\"email\":\"alice@example.com\"," + members + "}";
        string Admin(string type, string path, object representation) =>
            JsonSerializer.Serialize(new { id = "a", time = 1762164930123, operationType = "CREATE", resourceType = type, resourcePath = path, representation = JsonSerializer.Serialize(representation) });
        return dimension switch
        {
            "members" => Pushed(Many(index => $"\"member{index}\":\"value {index}\"")),
            "members of context" => Pushed("\"context\":{" + Many(index => $"\"m{index}\":\"value number {index}\"") + "}"),
            "members of one name" => Pushed(Many(index => $"\"same\":\"value {index}\"")),
            "details" => "{\"id\":\"a\",\"time\":1762164930123,\"type\":\"LOGIN\",\"details\":{" + Many(index => $"\"d{index}\":\"value number {index}\"") + "}}",
            "names that are alike after they are cut" => Pushed(Many(index => $"\"{new string('n', 200)}{index}\":\"v{index}\"")),
            "text" => Pushed($"\"note\":\"{string.Concat(Enumerable.Range(0, size).Select(index => (char)('a' + (index % 26))))}\""),
            "one character over and over" => Pushed($"\"note\":\"{new string('a', size)}\",\"other\":\"{new string('a', size / 2)}b\",\"third\":\"{new string('A', size)}c\""),
            "values that hold each other" => Pushed(Many(index => $"\"m{index}\":\"{new string('a', 4 + index)}\"") + $",\"reason\":\"{new string('a', size * 100)}\""),
            "values in one text" => Pushed(Many(index => $"\"m{index}\":\"name{index}\"") + $",\"reason\":\"{string.Join(' ', Enumerable.Range(0, size).Select(index => $"name{index}"))}\""),
            "escapes" => Pushed($"\"note\":\"{string.Concat(Enumerable.Repeat("\\u00e9\\n\\\"", size))}\""),
            "items" => Pushed($"\"list\":[{Many(index => $"{{\"a\":{index}}}")}]"),
            "text that looks like JSON" => Pushed($"\"note\":\"{string.Concat(Enumerable.Repeat("{[", size))}\""),
            "text that looks like secrets" => Pushed($"\"note\":\"{string.Concat(Enumerable.Repeat("password=x&token: Bearer ", size))}\""),
            "users of an import" => Admin("REALM", "partialImport", new { users = Enumerable.Range(0, size).Select(index => new { username = $"user{index}", email = $"user{index}@example.com" }) }),
            "path" => Admin("USER", string.Concat(Enumerable.Repeat("users/", size)), new { username = "alice" }),
            "roles" => Admin("REALM_ROLE_MAPPING", "users/1/role-mappings/realm", Enumerable.Range(0, size).Select(index => new { id = $"r{index}", name = $"role {index}" })),
            _ => throw new ArgumentOutOfRangeException(nameof(dimension)),
        };
    }

    /// <summary>A struct timespec of a system of 64 bits.</summary>
    private readonly struct ClockTime
    {
        public readonly long Seconds;
        public readonly long Nanoseconds;
    }
}
