using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using SiemForwarder.Reliability.Receiving;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Reliability.Scenarios;

/// <summary>
/// A stand-in for an index behind the bulk API: takes what is new, knows what it has, refuses some for now and few for good.
/// </summary>
internal sealed partial class BulkIndex(Arrivals arrivals, Random random)
{
    private readonly Lock guard = new();
    private readonly HashSet<string> known = [];

    /// <summary>From now on everything is taken that was not refused for good.</summary>
    public bool IsWell { get; set; }

    public int ForNow { get; private set; }

    public int ForGood { get; private set; }

    public int Lies { get; private set; }

    /// <summary>Answers 200 with something that is no result, every other time.</summary>
    public HttpReply Lie(ReceivedRequest request)
    {
        lock (guard)
        {
            if (!IsWell && random.Next(2) == 0)
            {
                Lies++;
                return new HttpReply(200, Lies % 2 == 0 ? "<html>Welcome</html>" : """{"took":1,"errors":true,"items":[]}""");
            }
        }

        return Take(request, _ => 201);
    }

    /// <summary>Answers each event by itself.</summary>
    public HttpReply TakeSome(ReceivedRequest request) => Take(request, StatusOf);

    private int StatusOf(string id)
    {
        // By its id, so that the same event is refused every time.
        if (id.EndsWith("77", StringComparison.Ordinal))
        {
            ForGood++;
            return 400;
        }

        if (IsWell || random.Next(5) > 0)
        {
            return 201;
        }

        ForNow++;
        return random.Next(2) == 0 ? 429 : 503;
    }

    private HttpReply Take(ReceivedRequest request, Func<string, int> statusOf)
    {
        lock (guard)
        {
            var lines = Receivers.Lines(request.PlainBody).ToList();
            var items = new JsonArray();
            for (var i = 0; i + 1 < lines.Count; i += 2)
            {
                var id = JsonNode.Parse(lines[i])!["create"]!["_id"]!.GetValue<string>();
                var status = known.Contains(id) ? 409 : statusOf(id);
                if (status == 201)
                {
                    known.Add(id);
                    // The stream and the time, which a data stream wants, stand first; the rest is the event.
                    arrivals.Add([Encoding.UTF8.GetBytes(Timestamp().Replace(Encoding.UTF8.GetString(lines[i + 1]), "{"))], connection: 0);
                }

                var result = new JsonObject { ["_id"] = id, ["status"] = status };
                if (status >= 400)
                {
                    result["error"] = new JsonObject { ["type"] = status == 400
                        ? "document_parsing_exception" : "es_rejected_execution_exception", ["reason"] = "because" };
                }

                items.Add(new JsonObject { ["create"] = result });
            }

            return new HttpReply(200, new JsonObject { ["took"] = 1, ["errors"] = true, ["items"] = items }.ToJsonString());
        }
    }

    [GeneratedRegex("^\\{(?:\"data_stream\":\\{[^}]*\\},)?\"@timestamp\":\"[^\"]*\",")]
    private static partial Regex Timestamp();
}
