using System.Text.Json.Nodes;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Tests.Service.Integrations;

/// <summary>Settings as they were stored before they had the shape of the API, with what that version showed of them.</summary>
public sealed class FormerSettingsTests
{
    [Theory]
    [InlineData(
        """{"body":"Single","gzip":false,"port":6514,"proxy":null,"filter":{"exclude":{"types":[],"users":["x"],"clients":[],"outcomes":[],"categories":[],"minimumSeverity":null},"include":{"types":["LOGIN*"],"users":[],"clients":[],"outcomes":[],"categories":[],"minimumSeverity":3}},"schema":"native","appName":"CEF","framing":"OctetCounting","privacy":[],"sources":[],"facility":4,"hostname":"kc","protocol":"tls","settings":null,"username":null,"outputType":"Cef","serverName":"other.example.com","fingerprint":"SHA-256:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB","privacyKeyId":null,"syslogFormat":"Rfc5424","batchMaxBytes":null,"caCertificate":null,"authentication":"None","batchMaxEvents":10,"timeoutSeconds":30,"maxMessageBytes":8192,"enterpriseNumber":32473,"secretReferences":null,"clientCertificate":null,"includeRepresentation":false}""",
        """{"protocol":"tls","port":6514,"outputType":"CEF","schema":"native","includeRepresentation":false,"syslog":{"format":"rfc5424","framing":"octet-counting","facility":4,"appName":"CEF","hostname":"kc","maxMessageBytes":8192,"enterpriseNumber":32473},"http":{"body":"single","gzip":false,"timeoutSeconds":30,"proxy":null},"batch":{"maxEvents":10,"maxBytes":null},"authentication":{"type":"none","username":null,"passwordSet":false,"headerSet":false,"tokenSet":false},"tls":{"caCertificate":null,"clientCertificate":null,"clientKeySet":false,"serverName":"other.example.com","fingerprint":"SHA-256:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB"},"sources":[],"filter":{"include":{"types":["LOGIN*"],"categories":[],"outcomes":[],"minimumSeverity":3,"clients":[],"users":[]},"exclude":{"types":[],"categories":[],"outcomes":[],"minimumSeverity":null,"clients":[],"users":["x"]}},"privacy":[],"privacyKeyId":null}""")]
    [InlineData(
        """{"body":"Ndjson","gzip":true,"port":443,"proxy":"http://proxy.example.com:3128","filter":{"exclude":null,"include":null},"schema":"ecs","appName":"siemforwarder","framing":"LineFeed","privacy":[{"field":"subject","action":"Hash"},{"field":"ip_address","action":"TruncateIp"}],"sources":[],"facility":10,"hostname":null,"protocol":"https","settings":null,"username":"u","outputType":"Json","serverName":null,"fingerprint":null,"privacyKeyId":"k1","syslogFormat":"Rfc5424","batchMaxBytes":null,"caCertificate":null,"authentication":"Basic","batchMaxEvents":null,"timeoutSeconds":7,"maxMessageBytes":262144,"enterpriseNumber":32473,"secretReferences":null,"clientCertificate":null,"includeRepresentation":false}""",
        """{"protocol":"https","port":443,"outputType":"JSON","schema":"ecs","includeRepresentation":false,"syslog":{"format":"rfc5424","framing":"lf","facility":10,"appName":"siemforwarder","hostname":null,"maxMessageBytes":262144,"enterpriseNumber":32473},"http":{"body":"ndjson","gzip":true,"timeoutSeconds":7,"proxy":"http://proxy.example.com:3128"},"batch":{"maxEvents":null,"maxBytes":null},"authentication":{"type":"basic","username":"u","passwordSet":true,"headerSet":false,"tokenSet":false},"tls":{"caCertificate":null,"clientCertificate":null,"clientKeySet":false,"serverName":null,"fingerprint":null},"sources":[],"filter":{"include":null,"exclude":null},"privacy":[{"field":"subject","action":"hash"},{"field":"ip_address","action":"truncate-ip"}],"privacyKeyId":"k1"}""")]
    [InlineData(
        """{"body":"Single","gzip":false,"port":514,"proxy":null,"filter":{"exclude":null,"include":null},"schema":"native","appName":"siemforwarder","framing":"LineFeed","privacy":[],"sources":[],"facility":10,"hostname":null,"protocol":"udp","settings":null,"username":null,"outputType":"Leef","serverName":null,"fingerprint":null,"privacyKeyId":null,"syslogFormat":"Rfc3164","batchMaxBytes":null,"caCertificate":null,"authentication":"None","batchMaxEvents":null,"timeoutSeconds":30,"maxMessageBytes":1472,"enterpriseNumber":32473,"secretReferences":null,"clientCertificate":null,"includeRepresentation":false}""",
        """{"protocol":"udp","port":514,"outputType":"LEEF","schema":"native","includeRepresentation":false,"syslog":{"format":"rfc3164","framing":"lf","facility":10,"appName":"siemforwarder","hostname":null,"maxMessageBytes":1472,"enterpriseNumber":32473},"http":{"body":"single","gzip":false,"timeoutSeconds":30,"proxy":null},"batch":{"maxEvents":null,"maxBytes":null},"authentication":{"type":"none","username":null,"passwordSet":false,"headerSet":false,"tokenSet":false},"tls":{"caCertificate":null,"clientCertificate":null,"clientKeySet":false,"serverName":null,"fingerprint":null},"sources":[],"filter":{"include":null,"exclude":null},"privacy":[],"privacyKeyId":null}""")]
    public void AreReadAsTheyWereShown(string stored, string shown)
    {
        var settings = IntegrationSettings.Read(stored, out var fault);

        Assert.Null(fault);
        var (expected, read) = (JsonNode.Parse(shown)!.AsObject(), JsonNode.Parse(settings!.WithSecrets(Secrets(shown)).ToJson())!.AsObject());
        foreach (var (name, value) in expected)
        {
            Assert.True(JsonNode.DeepEquals(value, read[name]), $"{name}: {value?.ToJsonString()} became {read[name]?.ToJsonString()}");
        }

        Assert.Equal(settings.ToJson(), IntegrationSettings.Read(settings.ToJson(), out _)!.ToJson());
        Assert.Equal(settings.ToJson(), IntegrationSettings.ReadKnown(stored).ToJson());
    }

    [Theory]
    [InlineData("outputType", "\"Protobuf\"", "'outputType'")]
    [InlineData("framing", "\"Quic\"", "'syslog.framing'")]
    [InlineData("encryption", "true", "'encryption'")]
    public void WhatThisVersionDoesNotKnowIsNotPassedOver(string member, string value, string what)
    {
        var stored = JsonNode.Parse(Plain)!.AsObject();
        stored[member] = JsonNode.Parse(value);

        Assert.Null(IntegrationSettings.Read(stored.ToJsonString(), out var fault));
        Assert.Contains(what, fault, StringComparison.Ordinal);
    }

    private const string Plain = """{"body":"Single","gzip":false,"port":514,"proxy":null,"filter":{"exclude":null,"include":null},"schema":"native","appName":"siemforwarder","framing":"LineFeed","privacy":[],"sources":[],"facility":10,"hostname":null,"protocol":"udp","settings":null,"username":null,"outputType":"Leef","serverName":null,"fingerprint":null,"privacyKeyId":null,"syslogFormat":"Rfc3164","batchMaxBytes":null,"caCertificate":null,"authentication":"None","batchMaxEvents":null,"timeoutSeconds":30,"maxMessageBytes":1472,"enterpriseNumber":32473,"secretReferences":null,"clientCertificate":null,"includeRepresentation":false}""";

    private static string[] Secrets(string shown) => shown.Contains("\"passwordSet\":true", StringComparison.Ordinal) ? [SecretName.Password] : [];
}
