using System.Security.Claims;

namespace SiemForwarder.WebConsole.Api;

/// <summary>How the pages reach the API: the service that serves them says how.</summary>
public interface IConsoleConnection
{
    /// <summary>A client of the API, such as <c>api/v1/integrations</c>, on behalf of the person whose browser shows a page.</summary>
    HttpClient Connect(ClaimsPrincipal person);
}
