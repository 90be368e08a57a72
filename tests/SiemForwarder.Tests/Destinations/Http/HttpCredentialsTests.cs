using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Http;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Tests.Destinations.Http;

/// <summary>What is saved as a header can be sent as one, and nothing else.</summary>
public sealed class HttpCredentialsTests
{
    [Theory]
    [InlineData("X-Key: a", true)]
    [InlineData(" X-Key : a ", true)]
    [InlineData("X-Key:", false)]
    [InlineData("X-Key: zoë", false)]
    [InlineData("X-Key: a\tb", false)]
    [InlineData("X Key: a", false)]
    [InlineData("Host: x", false)]
    [InlineData(" Host : x", false)]
    [InlineData("hOsT:x", false)]
    [InlineData("Content-Length: 1", false)]
    public void AHeaderLineIsJudgedAlikeWhenItIsSavedAndWhenItIsSent(string line, bool isTaken)
    {
        var errors = new FieldErrors();

        IntegrationRules.Validate(
            new IntegrationRequest { Name = "n", ServerUrl = "https://h", Authentication = new AuthenticationRequest("header", Header: line) },
            new Dictionary<string, Secret>(), errors);
        var sent = HttpCredentials.Create(new AuthenticationSettings(AuthenticationType.Header, Header: new Secret(line)));

        Assert.Equal(isTaken ? [] : ["authentication.header"], errors.ByField.Keys);
        Assert.Equal(isTaken, sent.TryGet(out var header, out _));
        Assert.Equal(isTaken ? "X-Key" : null, header?.Name);
    }
}
