using System.Text;
using System.Text.Json;
using SiemForwarder.Events.Json;
using SiemForwarder.Tests.Fuzz;

namespace SiemForwarder.Tests.Events.Json;

/// <summary>The cursor reads what the framework's reader reads, and rejects what it rejects, at the same token.</summary>
public sealed class JsonCursorTests
{
    private static readonly byte[][] Samples =
    [
        .. new[]
        {
            """{"id":"c0ffee00-0000-4000-8000-000000000001","time":1789041600000,"type":"LOGIN","details":{"username":"alice","a\u0062":"\ud83d\ude00\n"},"x":null}""",
            """[{"a":[1,-2,3.5,4e10,-0.0E-5,[],{}]},{"b":{"c":{"d":[true,false,null,"",{"e":[[[["deep"]]]]}]}}}]""",
            """ { "spaces" : [ 1 , 2 ] , "tab"	: "x" , "comma":[1,], } """,
            """{"exactly sixteen":"0123456789abcdef","seventeen":"0123456789abcdefg","fifteen":"0123456789abcde\\"}""",
            "\"a root\"", "12", "true", "[]", "{}", "",
        }.Select(Encoding.UTF8.GetBytes),
    ];

    [Fact]
    public void EveryTextIsReadOrRejectedAsTheFrameworkDoes() => Fuzzer.Run(4000, Samples, AssertSame);

    [Fact]
    public void EverySampleIsReadAsTheFrameworkDoes()
    {
        foreach (var sample in Samples)
        {
            AssertSame(sample);
            for (var length = 0; length < sample.Length; length++)
            {
                AssertSame(sample[..length]);
            }
        }
    }

    [Fact]
    public void AMemberThatIsNotReadIsSkippedWhole()
    {
        var cursor = JsonCursor.Over("""{"a":{"b":[1,{"c":2}]},"d":3}"""u8);
        cursor.ReadRoot();
        cursor.Enter();

        Assert.True(cursor.NextMember());
        Assert.True(cursor.NextMember());

        Assert.Equal("d"u8, cursor.Name);
        Assert.Equal(3, cursor.ReadInteger());
        Assert.False(cursor.NextMember());
        Assert.True(cursor.IsAtEnd());
    }

    [Fact]
    public void ReadingAnEventAllocatesNothing()
    {
        Assert.Equal(4, CountMembers());
        var before = GC.GetAllocatedBytesForCurrentThread();
        var members = 0;
        for (var round = 0; round < 100; round++)
        {
            members += CountMembers();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(400, members);
    }

    private static int CountMembers()
    {
        var cursor = JsonCursor.Over("""{"id":"c0ffee00","time":1789041600000,"details":{"username":"alice"},"x":[1,2]}"""u8);
        cursor.ReadRoot();
        cursor.Enter();
        var members = 0;
        while (cursor.NextMember())
        {
            members++;
        }

        return members;
    }

    private static void AssertSame(byte[] json)
    {
        foreach (var (maxDepth, commas) in new[] { (64, false), (200, true), (1000, false) })
        {
            Assert.Equal(ReadByFramework(json, maxDepth, commas), ReadByCursor(json, maxDepth, commas));
        }
    }

    private static List<string> ReadByFramework(byte[] json, int maxDepth, bool commas)
    {
        var tokens = new List<string>();
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = maxDepth, AllowTrailingCommas = commas });
        var name = "";
        try
        {
            while (reader.Read())
            {
                switch (reader.TokenType)
                {
                    case JsonTokenType.PropertyName:
                        name = Convert.ToHexString(reader.ValueIsEscaped ? EscapedText.Unescape(reader.ValueSpan) : reader.ValueSpan) + "=";
                        break;
                    case JsonTokenType.EndObject or JsonTokenType.EndArray:
                        tokens.Add("end");
                        break;
                    default:
                        tokens.Add(Show(name, reader.TokenType, reader.ValueSpan, reader.ValueIsEscaped));
                        name = "";
                        break;
                }
            }
        }
        catch (JsonException)
        {
            tokens.Add("broken");
        }

        return tokens;
    }

    private static List<string> ReadByCursor(byte[] json, int maxDepth, bool commas)
    {
        var tokens = new List<string>();
        try
        {
            var cursor = new JsonCursor(json, maxDepth, commas);
            cursor.ReadRoot();
            Read(ref cursor, "", tokens);
            if (!cursor.IsAtEnd())
            {
                tokens.Add("broken");
            }
        }
        catch (JsonException)
        {
            tokens.Add("broken");
        }

        return tokens;
    }

    private static void Read(ref JsonCursor cursor, string name, List<string> tokens)
    {
        var kind = cursor.Kind;
        tokens.Add(Show(name, kind, cursor.Value, cursor.IsEscaped && kind == JsonTokenType.String));
        if (kind is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
        {
            return;
        }

        cursor.Enter();
        while (kind == JsonTokenType.StartObject ? cursor.NextMember() : cursor.NextElement())
        {
            Read(ref cursor, kind == JsonTokenType.StartObject ? Convert.ToHexString(cursor.Name) + "=" : "", tokens);
        }

        tokens.Add("end");
    }

    private static string Show(string name, JsonTokenType kind, ReadOnlySpan<byte> value, bool isEscaped) =>
        kind is JsonTokenType.StartObject or JsonTokenType.StartArray ? $"{name}{kind}" : $"{name}{kind} {Convert.ToHexString(value)} {isEscaped}";
}
