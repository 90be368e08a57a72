using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Http;

namespace SiemForwarder.Tests.Destinations.Http;

public sealed class HttpAnswerTests
{
    [Theory]
    [InlineData(200)]
    [InlineData(201)]
    [InlineData(202)]
    [InlineData(204)]
    public void EverySuccessIsDelivered(int status) => Assert.IsType<DeliveryOutcome.Delivered>(OutcomeOf(status));

    [Theory]
    [InlineData(408, ErrorCategory.Timeout)]
    [InlineData(425, ErrorCategory.ServerError)]
    [InlineData(429, ErrorCategory.RateLimited)]
    [InlineData(500, ErrorCategory.ServerError)]
    [InlineData(502, ErrorCategory.ServerError)]
    [InlineData(503, ErrorCategory.ServerError)]
    [InlineData(504, ErrorCategory.ServerError)]
    [InlineData(507, ErrorCategory.ServerError)]
    [InlineData(599, ErrorCategory.ServerError)]
    public void WhatMayPassIsTransientAndCarriesTheWaitAskedFor(int status, ErrorCategory category)
    {
        var outcome = Assert.IsType<DeliveryOutcome.Transient>(OutcomeOf(status, TimeSpan.FromSeconds(7)));

        Assert.Equal(category, outcome.Category);
        Assert.Equal(TimeSpan.FromSeconds(7), outcome.RetryAfter);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(413)]
    [InlineData(422)]
    public void WhatTheSameBytesWouldMeetAgainIsRejected(int status) => Assert.IsType<DeliveryOutcome.Rejected>(OutcomeOf(status));

    [Theory]
    [InlineData(301, ErrorCategory.Configuration)]
    [InlineData(302, ErrorCategory.Configuration)]
    [InlineData(304, ErrorCategory.Configuration)]
    [InlineData(307, ErrorCategory.Configuration)]
    [InlineData(308, ErrorCategory.Configuration)]
    [InlineData(401, ErrorCategory.Authentication)]
    [InlineData(403, ErrorCategory.Authorization)]
    [InlineData(404, ErrorCategory.Configuration)]
    [InlineData(405, ErrorCategory.Configuration)]
    [InlineData(407, ErrorCategory.Authentication)]
    [InlineData(409, ErrorCategory.Configuration)]
    [InlineData(410, ErrorCategory.Configuration)]
    [InlineData(411, ErrorCategory.Configuration)]
    [InlineData(415, ErrorCategory.Configuration)]
    [InlineData(418, ErrorCategory.Configuration)]
    [InlineData(451, ErrorCategory.Configuration)]
    [InlineData(501, ErrorCategory.Configuration)]
    [InlineData(505, ErrorCategory.Configuration)]
    [InlineData(199, ErrorCategory.Configuration)]
    [InlineData(600, ErrorCategory.Configuration)]
    public void WhatSomebodyMustChangeIsMisconfigured(int status, ErrorCategory category) =>
        Assert.Equal(category, Assert.IsType<DeliveryOutcome.Misconfigured>(OutcomeOf(status)).Category);

    [Theory]
    [InlineData(301)]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(405)]
    [InlineData(413)]
    [InlineData(415)]
    [InlineData(429)]
    [InlineData(503)]
    public void EveryReasonNamesIntegrationStatusAndWhatToDo(int status)
    {
        var reason = OutcomeOf(status) switch
        {
            DeliveryOutcome.Transient outcome => outcome.Reason,
            DeliveryOutcome.Rejected outcome => outcome.Reason,
            DeliveryOutcome.Misconfigured outcome => outcome.Reason,
            _ => "",
        };

        Assert.Contains("corp-siem", reason);
        Assert.Contains($"HTTP {status}", reason);
        Assert.Contains("its own words", reason);
        Assert.EndsWith(HttpStatusTable.Find(status).Advice, reason);
        Assert.NotEmpty(HttpStatusTable.Find(status).Advice);
    }

    [Fact]
    public void ARedirectNamesTheHostItPointsTo()
    {
        var answer = new HttpAnswer("https://a.example.com:443", 302, "") { Location = "https://login.example.com" };

        Assert.Contains("https://login.example.com", Assert.IsType<DeliveryOutcome.Misconfigured>(answer.ToOutcome("corp-siem")).Reason);
    }

    [Fact]
    public void AWebPageFailsATestThoughItsStatusIsSuccess()
    {
        var answer = new HttpAnswer("https://a.example.com:443", 200, "<html>Sign in") { IsHtml = true };

        Assert.Contains("web page", answer.ToFault()?.What);
    }

    private static DeliveryOutcome OutcomeOf(int status, TimeSpan? retryAfter = null) =>
        new HttpAnswer("https://siem.example.com:443", status, "its own words") { RetryAfter = retryAfter }.ToOutcome("corp-siem");
}
