using Amazon.Runtime;
using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.S3;

/// <summary>Converts what S3 and the Security Token Service answer into a fault.</summary>
/// <remarks>Error codes: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html.</remarks>
internal static class S3Faults
{
    public static Fault Of(DestinationSettings settings, S3Settings own, AmazonServiceException answer)
    {
        var (status, said) = ((int)answer.StatusCode, Said(settings, answer));
        return answer.ErrorCode switch
        {
            "InvalidAccessKeyId" or "SignatureDoesNotMatch" or "InvalidToken" or "ExpiredToken" or "TokenRefreshRequired" or "InvalidSecurity" => new Fault(
                ErrorCategory.Authentication, $"{settings.Endpoint} did not accept {own.Identity.InWords()}: {said}.",
                "Check settings.accessKeyId and settings.secretAccessKey, and settings.region, which is part of the signature.", NeedsChange: true),
            "RequestTimeTooSkewed" => new Fault(
                ErrorCategory.Authentication, $"{settings.Endpoint} finds the clock of this engine wrong: {said}.", "Set the clock of the engine's machine.",
                NeedsChange: true),
            "QuotaExceeded" => new Fault(
                ErrorCategory.ServerError, $"The bucket '{own.Bucket}' is full: {said}.", "Raise its quota or remove objects; the batch is sent again."),
            "NoSuchBucket" => new Fault(
                ErrorCategory.Configuration, $"{settings.Endpoint} has no bucket '{own.Bucket}'.", "Create it, or correct settings.bucket.", NeedsChange: true),
            "PermanentRedirect" or "TemporaryRedirect" or "AuthorizationHeaderMalformed" or "IllegalLocationConstraintException" => Region(settings, own, said),
            "SlowDown" or "RequestLimitExceeded" or "Throttling" or "ThrottlingException" or "TooManyRequests" => new Fault(
                ErrorCategory.RateLimited, $"{settings.Endpoint} asks for fewer requests: {said}.",
                "The batch is sent again later; if this persists, raise settings.intervalSeconds, or spread the objects over several prefixes."),
            "EntityTooLarge" or "MaxMessageLengthExceeded" => TooLarge(settings, said),
            "RequestTimeout" or "OperationAborted" or "BadDigest" or "XAmzContentSHA256Mismatch" or "IncompleteBody" or "InternalError" => new Fault(
                ErrorCategory.ServerError, $"{settings.Endpoint} could not complete the request: {said}.", "The batch is sent again."),
            _ => ByStatus(settings, own, status, said),
        };
    }

    /// <summary>A role could not be taken on.</summary>
    public static Fault OfRole(DestinationSettings settings, AmazonServiceException answer) => (int)answer.StatusCode switch
    {
        429 or >= 500 => new Fault(
            ErrorCategory.ServerError, $"{settings.Endpoint}, which issues the credentials of the role, answered: {Said(settings, answer)}.",
            "They are asked for again; nothing is lost meanwhile."),
        _ => new Fault(
            ErrorCategory.Authentication, $"{settings.Endpoint} did not issue credentials for the role: {Said(settings, answer)}.",
            "Check settings.roleArn, settings.externalId and the role's trust policy, which must name this identity; and the access key, where there is one.",
            NeedsChange: true),
    };

    /// <summary>There was no answer of the service.</summary>
    public static Fault Broken(DestinationSettings settings, Exception exception) => exception switch
    {
        FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException => new Fault(
            ErrorCategory.Authentication, "The file that AWS_WEB_IDENTITY_TOKEN_FILE names cannot be read.",
            "Check the pod's service account and the rights of the file.", NeedsChange: true),
        AmazonClientException { InnerException: null } own => new Fault(
            ErrorCategory.Authentication, $"No request to {settings.Endpoint} could be signed: {settings.Quote(own.Message)}.",
            "Run this engine in a pod whose service account has a role, or use an access key.", NeedsChange: true),
        HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse } => new Fault(
            ErrorCategory.Configuration, $"{settings.Endpoint} did not answer in HTTP.",
            "Check scheme and port of the server URL: https:// may be needed, or this may not be a server of S3.", NeedsChange: true),
        _ => new Fault(
            ErrorCategory.Connection, $"{settings.Endpoint} closed the connection before its answer was complete.",
            "The batch is sent again; the same events get the same object."),
    };

    /// <summary>An answer led to another host.</summary>
    public static Fault Elsewhere(DestinationSettings settings, Uri url) => new(
        ErrorCategory.Configuration, $"{settings.Endpoint} sends the forwarder on to {OneLine.Of(url.IdnHost, 200)}, which is never followed.",
        "Set the server URL to the endpoint of the bucket's region.", NeedsChange: true);

    /// <summary>A server took an object without saying what it stored, which S3 always does.</summary>
    public static Fault Unconfirmed(DestinationSettings settings) => new(
        ErrorCategory.Configuration, $"{settings.Endpoint} answered a request to store an object as no server of S3 does: without an ETag.",
        "Check that the server URL leads to a server of S3 and not to a web server or a proxy.", NeedsChange: true);

    public static Fault NoTable(DestinationSettings settings, string type) => new(
        ErrorCategory.Configuration, $"{settings.Endpoint} is to get tables of OCSF, and an event of the type '{type}' is not in that schema.",
        "Set outputType to JSON and schema to ocsf or ocsf-1.9, or settings.objects to lines.", NeedsChange: true);

    private static Fault TooLarge(DestinationSettings settings, string said) => new(
        ErrorCategory.Rejected, $"{settings.Endpoint} does not take an object that large: {said}.", "Raise the limit of the server or of a proxy before it.");

    private static Fault Region(DestinationSettings settings, S3Settings own, string said) => new(
        ErrorCategory.Configuration, $"The bucket '{own.Bucket}' is not in the region {own.RegionAt(settings.ServerUrl)} of {settings.Endpoint}: {said}.",
        "Set the server URL to the endpoint of the bucket's region, https://s3.REGION.amazonaws.com, and settings.region where the URL does not name it.",
        NeedsChange: true);

    private static Fault ByStatus(DestinationSettings settings, S3Settings own, int status, string said) => status switch
    {
        301 or 302 or 307 or 308 => Region(settings, own, said),
        401 => new Fault(
            ErrorCategory.Authentication, $"{settings.Endpoint} did not accept {own.Identity.InWords()}: {said}.", "Check the access key.", NeedsChange: true),
        403 => new Fault(
            ErrorCategory.Authorization, $"{settings.Endpoint} does not let {own.Identity.InWords()} write to the bucket '{own.Bucket}': {said}.",
            $"Allow s3:PutObject on arn:aws:s3:::{own.Bucket}/{own.Prefix}*, and kms:GenerateDataKey on the key where the bucket is encrypted with one.",
            NeedsChange: true),
        408 or 409 => new Fault(
            ErrorCategory.ServerError, $"{settings.Endpoint} could not complete the request: {said}.", "The batch is sent again."),
        413 => TooLarge(settings, said),
        429 => new Fault(
            ErrorCategory.RateLimited, $"{settings.Endpoint} asks for fewer requests: {said}.", "The batch is sent again later."),
        >= 500 => new Fault(
            ErrorCategory.ServerError, $"{settings.Endpoint} answered: {said}.", "The batch is sent again; if this persists, check the server's health."),
        _ => new Fault(
            ErrorCategory.Configuration, $"{settings.Endpoint} refuses to store in the bucket '{own.Bucket}': {said}.",
            "Check settings.bucket, encryption, kmsKey and storageClass, and that the server URL leads to a server of S3.", NeedsChange: true),
    };

    private static string Said(DestinationSettings settings, AmazonServiceException answer)
    {
        var request = string.IsNullOrEmpty(answer.RequestId) ? "" : $" (request {answer.RequestId})";
        return settings.Quote($"HTTP {(int)answer.StatusCode} {answer.ErrorCode} {answer.Message}{request}");
    }
}
