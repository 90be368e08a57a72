using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;

namespace SiemForwarder.Destinations.S3;

/// <summary>How much of a group an earlier attempt has stored, or why that cannot be told.</summary>
internal readonly record struct S3Cut(int Stored, Fault? Fault);

/// <summary>Stores objects in one bucket.</summary>
internal sealed class S3Session : IDisposable
{
    private const int MaxListed = 100;

    private readonly DestinationSettings settings;
    private readonly S3Settings own;
    private readonly S3Transport transport;
    private readonly S3Credentials credentials;
    private readonly Fault? unusable;
    private AmazonS3Client? client;
    private AWSCredentials? signedBy;

    public S3Session(DestinationSettings settings, S3Settings own, TimeProvider time)
    {
        (this.settings, this.own) = (settings, own);
        var host = own.IsVirtualAt(settings.ServerUrl) ? $"{own.Bucket}.{settings.ServerUrl.IdnHost}" : settings.ServerUrl.IdnHost;
        transport = new S3Transport(settings with { ServerUrl = new UriBuilder(settings.ServerUrl.Scheme, host, settings.Port).Uri }, time);
        credentials = new S3Credentials(settings, own, time);
        unusable = own.FaultsAt(settings) is [var wrong, ..] ? wrong.ToFault() : null;
    }

    /// <summary>Whose signature the requests carry, for people.</summary>
    public string Identity => own.Identity.InWords();

    /// <summary>Connects once and notes the stages; false if that failed.</summary>
    public async Task<bool> ReachAsync(StageLog log, CancellationToken cancellationToken)
    {
        if (!await transport.ReachAsync(log, cancellationToken))
        {
            return false;
        }

        var opened = await OpenAsync(cancellationToken);
        if (!opened.TryGet(out _, out var fault))
        {
            log.Failed(TestStageName.Authentication, fault);
            return false;
        }

        return true;
    }

    /// <summary>How many events of the group, from its first, an attempt before a crash has stored as one object.</summary>
    public async Task<S3Cut> CutAsStoredAsync(S3Layout layout, S3Group group, CancellationToken cancellationToken)
    {
        var request = new ListObjectsV2Request { BucketName = own.Bucket, Prefix = layout.StartOfKey(group), MaxKeys = MaxListed };
        var listed = await CallAsync((open, token) => open.ListObjectsV2Async(request, token), cancellationToken);
        if (!listed.TryGet(out var answer, out var fault))
        {
            // Without the right to list, a crash may cost repeats, but nothing is lost.
            return fault.Category == ErrorCategory.Authorization ? default : new S3Cut(0, fault);
        }

        return new S3Cut(layout.StoredOf(group, (answer.S3Objects ?? []).Select(one => one.Key)), null);
    }

    /// <summary>Stores an object and its manifest; null if both are stored.</summary>
    public async Task<Fault?> StoreAsync(S3Object item, CancellationToken cancellationToken)
    {
        var fault = await PutAsync(item.Key, item.Bytes, item.ContentType, item.Digest, cancellationToken);
        return fault is null && own.HasManifest
            ? await PutAsync(item.ManifestKey, item.Manifest, "application/json", S3Object.DigestOf(item.Manifest.Span), cancellationToken)
            : fault;
    }

    public void Dispose()
    {
        client?.Dispose();
        transport.Dispose();
        credentials.Dispose();
    }

    private async Task<Fault?> PutAsync(string key, ReadOnlyMemory<byte> bytes, string contentType, byte[] digest, CancellationToken cancellationToken)
    {
        var put = await CallAsync(
            async (open, token) =>
            {
                using var stream = Over(bytes);
                return await open.PutObjectAsync(Request(key, stream, contentType, digest), token);
            },
            cancellationToken);
        return put.TryGet(out var stored, out var fault) && string.IsNullOrEmpty(stored.ETag) ? S3Faults.Unconfirmed(settings) : fault;
    }

    // An attempt sends the bytes from where they are: an object may be as large as a batch.
    private static MemoryStream Over(ReadOnlyMemory<byte> bytes) => MemoryMarshal.TryGetArray(bytes, out var part)
        ? new MemoryStream(part.Array!, part.Offset, part.Count, writable: false) : new MemoryStream(bytes.ToArray(), writable: false);

    private PutObjectRequest Request(string key, Stream content, string contentType, byte[] digest)
    {
        var request = new PutObjectRequest
        {
            BucketName = own.Bucket,
            Key = key,
            InputStream = content,
            ContentType = contentType,
            // One request with one signature over all bytes: not every server takes chunks with signatures.
            UseChunkEncoding = false,
            ChecksumSHA256 = Convert.ToBase64String(digest),
        };
        if (own.Encryption != "none")
        {
            request.ServerSideEncryptionMethod = own.Encryption == "aws:kms" ? ServerSideEncryptionMethod.AWSKMS : ServerSideEncryptionMethod.AES256;
            request.ServerSideEncryptionKeyManagementServiceKeyId = own.KmsKey.Length == 0 ? null : own.KmsKey;
        }

        if (own.StorageClass.Length > 0)
        {
            request.StorageClass = new S3StorageClass(own.StorageClass);
        }

        return request;
    }

    private async Task<Result<T>> CallAsync<T>(Func<AmazonS3Client, CancellationToken, Task<T>> call, CancellationToken cancellationToken)
        where T : class
    {
        for (var mayForget = true; ; mayForget = false)
        {
            var opened = await OpenAsync(cancellationToken);
            if (!opened.TryGet(out var open, out var closed))
            {
                return closed;
            }

            string? code = null;
            var result = await transport.CallAsync(token => call(open, token), cancellationToken, exception =>
            {
                code = exception.ErrorCode;
                return S3Faults.Of(settings, own, exception);
            });
            if (code is not ("ExpiredToken" or "InvalidToken" or "TokenRefreshRequired") || !mayForget || !credentials.Forget())
            {
                return result;
            }
        }
    }

    private async Task<Result<AmazonS3Client>> OpenAsync(CancellationToken cancellationToken)
    {
        if (unusable is not null)
        {
            return unusable;
        }

        var got = await credentials.GetAsync(cancellationToken);
        if (!got.TryGet(out var given, out var fault))
        {
            return fault;
        }

        if (client is null || !ReferenceEquals(signedBy, given))
        {
            client?.Dispose();
            var isVirtual = own.IsVirtualAt(settings.ServerUrl);
            var origin = new UriBuilder(settings.ServerUrl.Scheme, settings.ServerUrl.IdnHost, settings.Port).Uri.GetLeftPart(UriPartial.Authority);
            var configuration = new AmazonS3Config { ServiceURL = origin, ForcePathStyle = !isVirtual };
            (client, signedBy) = (new AmazonS3Client(given, transport.Configure(configuration, own.RegionAt(settings.ServerUrl))), given);
        }

        return client;
    }
}

/// <summary>Carries the requests of the AWS clients over the same connections as any other: names, addresses and certificates are checked alike.</summary>
internal sealed class S3Transport : HttpClientFactory, IDisposable
{
    private readonly DestinationSettings settings;
    private readonly TimeProvider time;
    private readonly Connector connector;
    private readonly HttpClient http;

    /// <param name="settings">Those of the host to reach.</param>
    /// <param name="time">For time limits and dates.</param>
    public S3Transport(DestinationSettings settings, TimeProvider time)
    {
        (this.settings, this.time) = (settings, time);
        connector = new Connector(settings.Connection, settings.ServerUrl.Scheme == Uri.UriSchemeHttps, SslApplicationProtocol.Http11, time);
        http = new HttpClient(new LedRequests(SecuredHttp.CreateHandler(connector.OpenStreamAsync), settings)) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>The settings for another host that the destination asks: with its authorities and limits, without its client certificate.</summary>
    public static DestinationSettings Beside(DestinationSettings settings, Uri url) => settings with
    {
        ServerUrl = url, Port = url.Port, Authentication = new AuthenticationSettings(), Tls = new TlsSettings(settings.Tls.CaCertificate),
    };

    public override HttpClient CreateHttpClient(IClientConfig clientConfig) => http;

    public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

    public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;

    /// <summary>What every client has in common; the dispatcher has its own retries.</summary>
    public T Configure<T>(T configuration, string region)
        where T : ClientConfig
    {
        configuration.AuthenticationRegion = region;
        configuration.HttpClientFactory = this;
        configuration.IgnoreConfiguredEndpointUrls = true;
        configuration.MaxErrorRetry = 0;
        configuration.RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED;
        configuration.ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED;
        return configuration;
    }

    /// <summary>Connects once and notes the stages; false if that failed.</summary>
    public async Task<bool> ReachAsync(StageLog log, CancellationToken cancellationToken)
    {
        var opened = await connector.OpenAsync(log, cancellationToken);
        if (opened.TryGet(out var connection, out _))
        {
            await connection.DisposeAsync();
            return true;
        }

        return false;
    }

    /// <summary>Makes one call, within the time limit. Only cancellation throws.</summary>
    /// <param name="call">The call.</param>
    /// <param name="cancellationToken">Of the caller.</param>
    /// <param name="judge">What an answer of the service means; null for one that issues credentials.</param>
    public async Task<Result<T>> CallAsync<T>(
        Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken, Func<AmazonServiceException, Fault>? judge = null)
        where T : class
    {
        using var bound = new TimeBound(settings.Timeout, time, cancellationToken);
        try
        {
            return await call(bound.Token);
        }
        catch (Exception exception) when (Find<ConnectFailedException>(exception) is { } failed)
        {
            return failed.Fault;
        }
        catch (Exception) when (bound.IsOver)
        {
            return new Fault(
                ErrorCategory.Timeout, $"{settings.Endpoint} did not answer within {settings.Timeout.TotalSeconds:0.##} s.",
                "The batch is sent again; check the server's load and the network, or raise http.timeoutSeconds.");
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && IsExpected(exception))
        {
            return exception is AmazonServiceException answered && (int)answered.StatusCode > 0
                ? (judge ?? (one => S3Faults.OfRole(settings, one)))(answered)
                : S3Faults.Broken(settings, exception);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }

    public void Dispose()
    {
        http.Dispose();
        connector.Dispose();
    }

    private static bool IsExpected(Exception exception) =>
        exception is AmazonServiceException or AmazonClientException or HttpRequestException or IOException or SocketException or OperationCanceledException
            or UnauthorizedAccessException;

    private static T? Find<T>(Exception? exception)
        where T : Exception
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (exception is T found)
            {
                return found;
            }
        }

        return null;
    }

    /// <summary>Leads requests that are already signed to the one host that was checked; an answer cannot lead them to another.</summary>
    private sealed class LedRequests(SocketsHttpHandler inner, DestinationSettings settings) : DelegatingHandler(inner)
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var url = request.RequestUri!;
            if (!string.Equals(url.IdnHost, settings.ServerUrl.IdnHost, StringComparison.OrdinalIgnoreCase))
            {
                throw new ConnectFailedException(S3Faults.Elsewhere(settings, url));
            }

            SecuredHttp.Lead(request);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
