using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Destinations.S3;

/// <summary>Calculates Signature Version 4 of a request as it arrived, as a server does.</summary>
/// <remarks>https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html.</remarks>
internal static class AwsSignature
{
    /// <summary>Fails unless the request carries the signature of this secret over its own host, path, query, headers and body.</summary>
    public static void AssertValid(ReceivedRequest request, string secretAccessKey)
    {
        var parts = request.FindHeader("Authorization")!["AWS4-HMAC-SHA256 ".Length..].Split(',', StringSplitOptions.TrimEntries)
            .Select(part => part.Split('=', 2)).ToDictionary(part => part[0], part => part[1]);
        var scope = parts["Credential"].Split('/')[1..];
        var target = request.RequestLine.Split(' ')[1].Split('?');
        var query = string.Join('&', (target.ElementAtOrDefault(1) ?? "").Split('&', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
        var headers = string.Concat(parts["SignedHeaders"].Split(';').Select(name => $"{name}:{request.FindHeader(name)}\n"));
        var body = Convert.ToHexStringLower(SHA256.HashData(request.Body));
        Assert.Equal(body, request.FindHeader("x-amz-content-sha256"));
        var canonical = string.Create(
            CultureInfo.InvariantCulture, $"{request.RequestLine.Split(' ')[0]}\n{target[0]}\n{query}\n{headers}\n{parts["SignedHeaders"]}\n{body}");
        var toSign = $"AWS4-HMAC-SHA256\n{request.FindHeader("x-amz-date")}\n{string.Join('/', scope)}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";

        var key = scope.Aggregate(Encoding.UTF8.GetBytes("AWS4" + secretAccessKey), (by, part) => HMACSHA256.HashData(by, Encoding.UTF8.GetBytes(part)));

        Assert.Equal(Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(toSign))), parts["Signature"]);
        Assert.Contains("host", parts["SignedHeaders"].Split(';'));
    }
}
