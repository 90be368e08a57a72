using System.Text;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Http;
using SiemForwarder.Destinations.Http.Elastic;

namespace SiemForwarder.Tests.Destinations.Http.Elastic;

/// <summary>What the results of a bulk request come to, and which bodies are results at all.</summary>
public sealed class BulkVerdictTests
{
    private const string Created = "{\"create\":{\"status\":201}}";

    [Theory]
    [InlineData("201,201", "delivered: HTTP 200: 2 created, 0 already there")]
    [InlineData("200,299", "delivered: HTTP 200: 2 created, 0 already there")]
    [InlineData("201,409", "delivered: HTTP 200: 1 created, 1 already there")]
    [InlineData("429,429", "transient RateLimited 7 s: Integration 'corp': https://es:9200 answered 429 for 'logs'. The events are sent again; if this persists, check the cluster's load and free disk space.")]
    [InlineData("503,429", "transient ServerError 7 s: Integration 'corp': https://es:9200 answered 503 for 'logs'. The events are sent again; if this persists, check the cluster's load and free disk space.")]
    [InlineData("500", "transient ServerError 7 s: Integration 'corp': https://es:9200 answered 500 for 'logs'. The events are sent again; if this persists, check the cluster's load and free disk space.")]
    [InlineData("499", "rejected: Integration 'corp': https://es:9200 answered 499 for 'logs'. Correct the mapping of that field in the index template, or choose another schema. [HTTP 200]")]
    [InlineData("300", "rejected: Integration 'corp': https://es:9200 answered 300 for 'logs'. Correct the mapping of that field in the index template, or choose another schema. [HTTP 200]")]
    [InlineData("199", "rejected: Integration 'corp': https://es:9200 answered 199 for 'logs'. Correct the mapping of that field in the index template, or choose another schema. [HTTP 200]")]
    [InlineData("201,401", "misconfigured Authentication: Integration 'corp': https://es:9200 answered 401 for 'logs'. Correct the credentials or settings.")]
    [InlineData("201,403", "misconfigured Authorization: Integration 'corp': https://es:9200 answered 403 for 'logs'. Give the key or role the privileges create_doc and auto_configure on 'logs'.")]
    [InlineData("404,201", "misconfigured Configuration: Integration 'corp': https://es:9200 answered 404 for 'logs'. Create an index template with a data stream that fits 'logs', or correct settings.dataStream or settings.index.")]
    [InlineData("201,400,429", "partial 7 s: refused 1 (Integration 'corp': https://es:9200 answered 400 for 'logs'. Correct the mapping of that field in the index template, or choose another schema.) [400]; retry 2; HTTP 200: 1 created, 0 already there, 1 rejected, 1 to send again; 400")]
    [InlineData("429,201", "partial 7 s: refused ; retry 0; HTTP 200: 1 created, 0 already there, 0 rejected, 1 to send again; 429")]
    [InlineData("429,400", "partial 7 s: refused 1 (Integration 'corp': https://es:9200 answered 400 for 'logs'. Correct the mapping of that field in the index template, or choose another schema.) [400]; retry 0; HTTP 200: 0 created, 0 already there, 1 rejected, 1 to send again; 400")]
    public void EveryMixtureOfResultsHasOneOutcome(string statuses, string expected)
    {
        var items = statuses.Split(',').Select(status => new BulkItem(int.Parse(status, System.Globalization.CultureInfo.InvariantCulture), null, null, false)).ToList();

        Assert.Equal(expected, Told.Of(Judge(items).Outcome));
    }

    [Fact]
    public void ABlockOfTheClusterPassesAndOtherRefusalsOfARightDoNot()
    {
        Assert.StartsWith("transient ServerError", Told.Of(Judge([new(403, "cluster_block_exception", "disk", false)]).Outcome), StringComparison.Ordinal);
        Assert.StartsWith("misconfigured Authorization", Told.Of(Judge([new(403, "security_exception", "no", false)]).Outcome), StringComparison.Ordinal);
        Assert.StartsWith("transient RateLimited", Told.Of(Judge([new(429, "cluster_block_exception", "disk", false)]).Outcome), StringComparison.Ordinal);
    }

    [Fact]
    public void TheFailureStoreIsSaidAndWhatTheServerSaysIsOnOneLineWithoutSecrets()
    {
        Assert.Equal(
            "delivered: HTTP 200: 2 created, 0 already there, 1 of them in the failure store: correct the mapping",
            Told.Of(Judge([new(201, null, null, true), new(201, null, null, false)])));
        Assert.Equal(
            "rejected: Integration 'corp': https://es:9200 answered 400 mapper says ***: no date for 'logs'. Correct the mapping of that field in the index template, or choose another schema. [HTTP 200] "
            + "| Rejected needs a change: https://es:9200 answered 400 mapper says ***: no date for 'logs'. / Correct the mapping of that field in the index template, or choose another schema.",
            Told.Of(Judge([new(400, "mapper", "says s3cret:\nno date. ", false)])));
        Assert.EndsWith(
            "| Rejected: https://es:9200 answered 400 for 'logs'. / Correct the mapping of that field in the index template, or choose another schema.",
            Told.Of(Judge([new(400, null, null, false), new(201, null, null, false)])), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", 1)]
    [InlineData("[]", 1)]
    [InlineData("{}", 1)]
    [InlineData("{\"items\":{}}", 1)]
    [InlineData("{\"items\":[" + Created + "]}", 2)]
    [InlineData("{\"items\":[" + Created + "," + Created + "]}", 1)]
    [InlineData("{\"items\":[{}]}", 1)]
    [InlineData("{\"items\":[7]}", 1)]
    [InlineData("{\"items\":[{\"create\":{}}]}", 1)]
    [InlineData("{\"items\":[{\"create\":{\"status\":\"x\"}}]}", 1)]
    [InlineData("{\"items\":[{\"create\":{\"status\":1.5}}]}", 1)]
    public void WhatIsNotAResultPerEventIsNotRead(string body, int count)
    {
        Assert.False(ElasticBulkAnswer.TryRead(Encoding.UTF8.GetBytes(body), count, out var items));
        Assert.Null(items);
    }

    [Fact]
    public void EveryResultIsReadInItsOrder()
    {
        const string Body = """
            {"errors":true,"items":[{"create":{"status":201,"failure_store":"used"}},{"index":{"status":400,"failure_store":"not_enabled","error":{"type":"t","reason":"r","caused_by":{"reason":"deeper"}}}},
             {"create":{"status":400,"error":{"type":5,"reason":"r","caused_by":{"type":"x"}}}},{"create":{"status":500,"error":"text"}}]}
            """;

        Assert.True(ElasticBulkAnswer.TryRead(Encoding.UTF8.GetBytes(Body), 4, out var items));
        Assert.Equal([new(201, null, null, true), new(400, "t", "r; deeper", false), new(400, null, "r", false), new(500, null, null, false)], items);
    }

    [Theory]
    [InlineData("{\"cluster_name\":\"c1\",\"version\":{\"number\":\"9.1.0\"}}", "elasticsearch 9.1.0, cluster c1")]
    [InlineData("{\"version\":{\"number\":\"3.1.0\",\"distribution\":\"opensearch\"}}", "opensearch 3.1.0, cluster ?")]
    [InlineData("{\"version\":{}}", null)]
    [InlineData("{\"version\":\"1\"}", null)]
    [InlineData("{}", null)]
    [InlineData("[]", null)]
    [InlineData("<html>", null)]
    public void OnlyTheServersThatAreMeantHaveAVersion(string body, string? expected) => Assert.Equal(expected, ElasticBulkAnswer.FindVersion(Encoding.UTF8.GetBytes(body)));

    private static IntakeVerdict Judge(IReadOnlyList<BulkItem> items) => ElasticBulkVerdict.Of(
        new HttpAnswer("https://es:9200", 200, "") { RetryAfter = TimeSpan.FromSeconds(7), Hide = text => text.Replace("s3cret", "***", StringComparison.Ordinal) }, items, "logs", "corp");
}
